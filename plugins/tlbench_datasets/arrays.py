"""Users' own arrays: `npz:PATH`, a folder with a file `domain.npz` for each domain. Never a pickle."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tlbench.domain import SPLITS, Dataset, Domain, Modality
from tlbench.errors import DataError, unknown
from tlbench_datasets.own_data import (
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

Arrays = Mapping[str, NDArray[Any]]

LAYOUT = "a domain.npz has the arrays inputs and labels, or train_inputs, train_labels, test_inputs, test_labels"
NO_PICKLE = "pickles are never loaded, for loading one can run any code"


class Npz(Dataset):
    """Arrays `inputs` and `labels` in `PATH/domain.npz`, as `numpy.savez` writes them.

    Images are uint8 of shape (n, channels, height, width), (n, height, width, channels) or (n, height, width); vectors
    are numbers of shape (n, features). Labels are names, or whole numbers, which index `class_names` where that is
    there. Splits are given by the prefixes `train_`, `val_` (if you like) and `test_`.
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(SplitParams):
        """Shares of the splits, and the seed by which they are drawn."""

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"npz:{argument}"
        self._root = located("npz", argument)
        self._params = params or self.Params.model_validate({})

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the files."""
        if not self._root.is_dir():
            raise DataError(f"{self._title} is a file; name the folder that holds a domain.npz for each domain")
        names = [path.stem for path in self._root.glob("*.npz")]
        if not names:
            raise DataError(f"{self._title} holds no .npz files; {LAYOUT}")
        return check_names(self._title, names)

    def load(self, domain: str) -> Domain:
        """Read the arrays of a domain. Raises `DataError` where they are missing or do not fit together."""
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        path = self._root / f"{domain}.npz"
        title = str(path)
        arrays = _read(path)
        prefixes = [f"{split}_" for split in SPLITS if f"{split}_inputs" in arrays] or [""]
        rows, values = _joined(title, arrays, prefixes)
        inputs, modality = _canonical(title, rows)
        names, labels = _classes(title, values, arrays.get("class_names"))
        if prefixes == [""]:
            keys = [str(row) for row in range(len(labels))]
            members = deal(title, inputs, labels, names, keys, self._params)
        else:
            splits = [split for split in SPLITS for _ in range(len(arrays.get(f"{split}_labels", ())))]
            members = given_splits(title, splits)
        return domain_of(domain, modality, names, inputs, labels, members)

    def fingerprint(self) -> str:
        """Names, sizes and times of change of the files."""
        return files_fingerprint(self._root / f"{domain}.npz" for domain in self.domains)


def _read(path: Path) -> Arrays:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no npz archive, which numpy.savez writes, or it is cut short; {NO_PICKLE}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: _array(path, archive, name) for name in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}; write it anew") from error


def _array(path: Path, archive: Any, name: str) -> NDArray[Any]:
    try:
        array = archive[name]
    except ValueError as error:
        raise DataError(f"{path}: the array {name!r} cannot be read: {error}; {NO_PICKLE}") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {name!r} is no array; {LAYOUT}")
    return array


def _joined(title: str, arrays: Arrays, prefixes: list[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs and labels of all splits, one after the other."""
    wanted = [(f"{prefix}inputs", f"{prefix}labels") for prefix in prefixes]
    missing = [name for pair in wanted for name in pair if name not in arrays]
    if missing:
        raise DataError(f"{title} has no array {missing[0]!r}; there are: {', '.join(arrays) or 'none'}; {LAYOUT}")
    for inputs, labels in wanted:
        if arrays[labels].ndim != 1 or arrays[inputs].ndim < 2 or len(arrays[inputs]) != len(arrays[labels]):
            shapes = f"{inputs!r} has the shape {arrays[inputs].shape} and {labels!r} {arrays[labels].shape}"
            raise DataError(f"{title}: {shapes}; they must be (n, …) and (n,) with the same n")
    if len({arrays[inputs].shape[1:] for inputs, _ in wanted}) > 1:
        raise DataError(f"{title}: the inputs of its splits differ in shape; one network needs one shape")
    return np.concatenate([arrays[one] for one, _ in wanted]), np.concatenate([arrays[two] for _, two in wanted])


def _canonical(title: str, rows: NDArray[Any]) -> tuple[NDArray[Any], Modality]:
    """Images as uint8 (n, channels, height, width), vectors as float32 (n, features)."""
    if rows.ndim == 2 and rows.dtype.kind in "biuf":
        return rows.astype(np.float32), "vector"
    if rows.dtype == np.uint8 and rows.ndim == 3:
        return rows[:, None], "image"
    if rows.dtype == np.uint8 and rows.ndim == 4 and rows.shape[1] <= 4:
        return rows, "image"
    if rows.dtype == np.uint8 and rows.ndim == 4 and rows.shape[3] <= 4:
        return np.ascontiguousarray(rows.transpose(0, 3, 1, 2)), "image"
    allowed = "images are uint8 of shape (n, c, h, w), (n, h, w, c) or (n, h, w), with at most 4 channels"
    raise DataError(f"{title}: inputs are {rows.dtype} {rows.shape}; {allowed}; vectors are numbers (n, features)")


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
    return tuple(names.tolist()), labels.astype(np.int64)
