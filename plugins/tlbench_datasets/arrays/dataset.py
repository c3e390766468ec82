"""Users' own arrays: `npz:PATH`, a folder with a file `domain.npz`, or a folder of `.npy` files, for each domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, Dataset, Domain, SplitName
from tlbench.core.inputs import SparseRows, Texts
from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.arrays.files import files_of, find_arrays, read_arrays
from tlbench_datasets.arrays.inputs import has_inputs, named_items, read_inputs
from tlbench_datasets.shared.own_data import (
    LICENCE,
    ORIGIN,
    Indices,
    SplitParams,
    check_names,
    deal,
    domain_of,
    encode,
    files_fingerprint,
    given_splits,
    located,
)
from tlbench_datasets.shared.scaling import Rows, Scale, as_float32, deal_numbers, settled, standardised


class Npz(Dataset):
    """Arrays `inputs` and `labels` in `PATH/domain.npz`, as `numpy.savez` writes it, or `.npy` files of `PATH/domain/`.

    Images are uint8 of shape (n, channels, height, width), (n, height, width, channels) or (n, height, width); vectors
    are numbers of shape (n, features), or the `data`, `indices`, `indptr` and `shape` of a sparse matrix in place of
    `inputs`. Labels are names, or whole numbers, which index `class_names` where that is there. Splits are given by the
    prefixes `train_`, `val_` (if you like) and `test_`. `ids` (n,), with the same prefixes, name the rows if you like.
    The `.npy` files of a folder may be larger than memory.
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(SplitParams):
        """Shares of the splits, and the seed by which they are drawn.

        `scale`: whether vectors are standardised by the training data of their own domain.
        """

        scale: Scale = "none"

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"npz:{argument}"
        self._root = located("npz", argument)
        self._params = params or self.Params.model_validate({})

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the archives and folders."""
        return check_names(self._title, self._places)

    @cached_property
    def _places(self) -> dict[str, Path]:
        return find_arrays(self._title, self._root)

    def load(self, domain: str) -> Domain:
        """Read the arrays of a domain. Raises `DataError` where they are missing or do not fit together."""
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        path = self._places[domain]
        title = str(path)
        arrays = read_arrays(path)
        prefixes = [f"{split}_" for split in SPLITS if has_inputs(arrays, f"{split}_")] or [""]
        inputs, values, modality = read_inputs(title, arrays, prefixes)
        names, labels = _classes(title, values, arrays.get("class_names"))
        splits = [split for split in SPLITS if f"{split}_" in prefixes for _ in arrays[f"{split}_labels"]]
        keys = [str(row) for row in range(len(labels))]
        items = named_items(title, arrays, prefixes, len(labels))
        if modality == "vector" and not isinstance(inputs, SparseRows | Texts):
            stored, members, notes = self._numbers(title, inputs, labels, names, keys, splits)
            return domain_of(domain, modality, names, stored, labels, members, notes, items=items)
        if self._params.scale != "none":
            what = "sparse vectors stay sparse" if modality == "vector" else "images are scaled by the backbone"
            raise DataError(f"{title}: scale = {self._params.scale!r} is for dense vectors; {what}; remove it")
        members = given_splits(title, splits) if splits else deal(title, inputs, labels, names, keys, self._params)
        return domain_of(domain, modality, names, inputs, labels, members, items=items)

    def _numbers(
        self,
        title: str,
        rows: Rows,
        labels: Indices,
        names: Sequence[str],
        keys: Sequence[str],
        splits: Sequence[SplitName],
    ) -> tuple[Rows, Mapping[SplitName, Indices], list[str]]:
        """Dense vectors as they are stored, the rows of each split, and notes."""
        scale, columns = self._params.scale, range(rows.shape[1])
        if splits:
            members = given_splits(title, splits)
        else:
            members = deal_numbers(title, rows, labels, names, keys, self._params, scale)
        moved, said = standardised(columns, rows, members["train"]) if scale == "standardise" else (rows, [])
        stored, rounded = as_float32(columns, moved, scale)
        return stored, settled(title, rows, stored, members, drawn=not splits), [*said, *rounded]

    def fingerprint(self) -> str:
        """Names, sizes and times of change of the files."""
        return files_fingerprint(file for place in self._places.values() for file in files_of(place))


def _classes(title: str, labels: NDArray[Any], names: NDArray[Any] | None) -> tuple[tuple[str, ...], Indices]:
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{title}: labels are {labels.dtype}; they must be whole numbers, or names as strings")
    if names is None or labels.dtype.kind == "U":
        numbers = labels.astype(int) if labels.dtype.kind == "b" else labels
        return encode([str(label) for label in numbers.tolist()])
    if names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(f"{title}: class_names is {names.dtype} {names.shape}; it must be a list of strings")
    beyond = labels[(labels < 0) | (labels >= len(names))]
    if len(beyond):
        raise DataError(f"{title}: label {beyond[0]} is beyond the {len(names)} class_names, 0 to {len(names) - 1}")
    one_form = {name: number for number, name in enumerate(dict.fromkeys(map(composed, names.tolist())))}
    places = np.array([one_form[composed(name)] for name in names.tolist()], np.int64)
    return tuple(one_form), places[labels.astype(np.int64)]
