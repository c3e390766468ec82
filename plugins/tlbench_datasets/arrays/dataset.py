"""Users' own arrays: `npz:PATH`, a folder with a file `domain.npz`, or a folder of `.npy` files, for each domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, Domain, Modality
from tlbench.core.inputs import Inputs, SparseRows, Texts
from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.arrays.files import Arrays, files_of, find_arrays, read_arrays
from tlbench_datasets.arrays.inputs import has_inputs, named_items, read_inputs
from tlbench_datasets.shared.drawn_dataset import DrawnDataset
from tlbench_datasets.shared.drawn_splits import GroupedSplits, LastMade, Members
from tlbench_datasets.shared.groups import Grouped
from tlbench_datasets.shared.own_data import (
    LICENCE,
    ORIGIN,
    Indices,
    check_names,
    domain_of,
    encode,
    files_fingerprint,
    located,
)
from tlbench_datasets.shared.scaling import Rows, Scale, Standard, as_float32, as_read, settled, standardised


@dataclass(frozen=True)
class _Rows:
    """All rows of a domain; `prefixes` are those of the splits that its arrays name, or one that is empty."""

    inputs: Inputs
    modality: Modality
    class_names: tuple[str, ...]
    labels: Indices
    groups: list[str] | None
    prefixes: list[str]
    lengths: list[int]
    items: list[str]

    @property
    def are_numbers(self) -> bool:
        """Whether inputs are dense vectors, which can be scaled, and are rounded when they are stored."""
        return self.modality == "vector" and not isinstance(self.inputs, SparseRows | Texts)


class Npz(DrawnDataset):
    """Arrays `inputs` and `labels` in `PATH/domain.npz`, as `numpy.savez` writes it, or `.npy` files of `PATH/domain/`.

    Images are uint8 of shape (n, channels, height, width), (n, height, width, channels) or (n, height, width); vectors
    are numbers of shape (n, features), or the `data`, `indices`, `indptr` and `shape` of a sparse matrix in place of
    `inputs`. Labels are names, or whole numbers, which index `class_names` where that is there. Splits are given by the
    prefixes `train_`, `val_` (if you like) and `test_`. `ids` (n,), with the same prefixes, name the rows if you like.
    The `.npy` files of a folder may be larger than memory.
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(GroupedSplits):
        """How splits are drawn. `group`: the array that names the person of each row.

        `scale`: whether vectors are standardised by the training data of their own domain.
        """

        scale: Scale = "none"

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"npz:{argument}"
        self._root = located("npz", argument)
        super().__init__()
        self._params = params or self.Params.model_validate({})
        self._last: LastMade[_Rows] = LastMade()

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the archives and folders."""
        return check_names(self._title, self._places)

    @cached_property
    def _places(self) -> dict[str, Path]:
        return find_arrays(self._title, self._root)

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """Read the arrays of a domain. Raises `DataError` where they are missing or do not fit together."""
        rows = self._rows(domain)
        if self._params.scale != "none" and not rows.are_numbers:
            what = "sparse vectors stay sparse" if rows.modality == "vector" else "images are scaled by the backbone"
            title = str(self._places[domain])
            raise DataError(f"{title}: scale = {self._params.scale!r} is for dense vectors; {what}; remove it")
        members, notes = self._members(domain, seed, rows)
        stored, reading = rows.inputs, self._reading(rows, members)
        if rows.are_numbers:
            stored, members, more = self._numbers(str(self._places[domain]), rows, members)
            notes += more
        names = rows.class_names
        return domain_of(domain, rows.modality, names, stored, rows.labels, members, notes, rows.items, reading)

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """An array (n, …) as those of the domain are, scaled as they were."""
        return as_read(np.asarray(raw), reading) if reading else super().from_raw(raw, reading)

    def _reading(self, rows: _Rows, members: Members) -> dict[str, list[float]]:
        """How vectors are scaled, if they are."""
        if self._params.scale == "none" or isinstance(rows.inputs, SparseRows | Texts):
            return {}
        return Standard.of(rows.inputs, members["train"]).reading

    def _members(self, domain: str, seed: int, rows: _Rows) -> tuple[Members, list[str]]:
        if rows.prefixes == [""]:
            keys = [str(row) for row in range(len(rows.labels))]
            return self._drawn(domain, seed, rows.inputs, rows.labels, rows.class_names, keys, rows.groups)
        counts = dict(zip(rows.prefixes, rows.lengths, strict=True))
        splits = [split for split in SPLITS for _ in range(counts.get(f"{split}_", 0))]
        return self._given(domain, splits, rows.groups), []

    def _numbers(self, title: str, rows: _Rows, members: Members) -> tuple[Inputs, Members, list[str]]:
        """Dense vectors as they are stored, the rows of each split, and notes."""
        assert not isinstance(rows.inputs, SparseRows | Texts)
        exact: Rows = rows.inputs
        scale, columns = self._params.scale, range(exact.shape[1])
        moved, said = standardised(columns, exact, members["train"]) if scale == "standardise" else (exact, [])
        stored, rounded = as_float32(columns, moved, scale)
        drawn, grouped = rows.prefixes == [""], rows.groups is not None
        members, left_out = settled(title, exact, stored, members, drawn=drawn, grouped=grouped)
        return stored, members, [*said, *rounded, *left_out]

    def _rows(self, domain: str) -> _Rows:
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        return self._last.get(domain, lambda: self._read(self._places[domain]))

    def _read(self, path: Path) -> _Rows:
        arrays = read_arrays(path)
        prefixes = _prefixes(arrays)
        inputs, values, modality = read_inputs(str(path), arrays, prefixes)
        names, labels = _classes(str(path), values, arrays.get("class_names"))
        lengths = [len(arrays[f"{prefix}labels"]) for prefix in prefixes]
        groups = self._groups(str(path), arrays, prefixes, lengths)
        items = named_items(str(path), arrays, prefixes, len(labels))
        return _Rows(inputs, modality, names, labels, groups, prefixes, lengths, items)

    def _groups(self, title: str, arrays: Arrays, prefixes: list[str], lengths: list[int]) -> list[str] | None:
        if self._params.group is None:
            return None
        found: list[str] = []
        for prefix, length in zip(prefixes, lengths, strict=True):
            name = f"{prefix}{self._params.group}"
            if name not in arrays:
                raise DataError(f"{title}: group: {unknown('array', name, arrays)}")
            if arrays[name].shape != (length,) or arrays[name].dtype.kind not in "biuU":
                array = f"{arrays[name].dtype} {arrays[name].shape}"
                raise DataError(
                    f"{title}: the array {name!r} is {array}; it must name a group for each of {length} rows"
                )
            found += map(str, arrays[name].tolist())
        return found

    def _names_splits(self, domain: str) -> bool:
        return _prefixes(read_arrays(self._places[domain])) != [""]

    def _grouped(self) -> dict[str, Grouped]:
        found = {}
        for domain, path in self._places.items():
            arrays = read_arrays(path)
            if (prefixes := _prefixes(arrays)) == [""] and "labels" in arrays:
                names, labels = _classes(str(path), arrays["labels"], arrays.get("class_names"))
                groups = self._groups(str(path), arrays, prefixes, [len(labels)])
                found[domain] = Grouped([names[label] for label in labels.tolist()], groups or ())
        return found

    def fingerprint(self) -> str:
        """Names, sizes and times of change of the files."""
        return files_fingerprint(file for place in self._places.values() for file in files_of(place))


def _prefixes(arrays: Arrays) -> list[str]:
    return [f"{split}_" for split in SPLITS if has_inputs(arrays, f"{split}_")] or [""]


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
