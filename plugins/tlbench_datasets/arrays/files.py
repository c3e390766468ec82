"""Files of arrays: an archive `domain.npz`, read whole, or a folder of `.npy` files, mapped. Never a pickle."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import DataError
from tlbench_datasets.shared.own_data import by_name, readable

Arrays = Mapping[str, NDArray[Any]]

LAYOUT = (
    "a domain.npz, or a folder of .npy files, has the arrays inputs and labels, or train_inputs, train_labels, "
    "test_inputs, test_labels; sparse rows are data, indices, indptr and shape in place of inputs"
)
NO_PICKLE = "pickles are never loaded, for loading one can run any code"
#: Names that come out of a table are Python objects.
OBJECTS = f"{NO_PICKLE}; names of classes become strings by labels.astype(str)"


def find_arrays(title: str, root: Path) -> dict[str, Path]:
    """The archive or the folder of each domain. Raises `DataError` where there is none, or are two for one."""
    if not root.is_dir():
        raise DataError(f"{title} is a file; name the folder that holds a domain.npz or a folder for each domain")
    found = by_name(title, [(readable(path.stem), path) for path in sorted(root.glob("*.npz"))])
    folders = by_name(title, [(readable(folder.name), folder) for folder in array_folders(root)])
    for name in folders:
        if name in found:
            raise DataError(f"{title}: {name!r} is there as a folder and as {name}.npz; remove one of them")
    found |= folders
    if not found:
        raise DataError(f"{title} holds no .npz files, and no folders of .npy files; {LAYOUT}")
    return found


def array_folders(root: Path) -> list[Path]:
    """The folders below `root` that hold arrays."""
    folders = (path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(folder for folder in folders if any(folder.glob("*.npy")))


def read_arrays(path: Path) -> Arrays:
    """All arrays by name. Raises `DataError` for what is damaged, and for Python objects."""
    return _mapped(path) if path.is_dir() else _read(path)


def files_of(path: Path) -> list[Path]:
    """The files that hold a domain."""
    return sorted(path.glob("*.npy")) if path.is_dir() else [path]


def _mapped(folder: Path) -> Arrays:
    return {path.stem: _map(path) for path in files_of(folder)}


def _map(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        message = f"{path} cannot be mapped: {str(error).rstrip('.')}; write it with numpy.save, with something in it"
        raise DataError(f"{message}; {OBJECTS}") from error
    return array


def _read(path: Path) -> Arrays:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no npz archive, which numpy.savez writes, or it is cut short; {NO_PICKLE}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: _array(path, archive, name) for name in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}; write it anew") from error
    except MemoryError as error:
        message = f"{path} is larger than memory; numpy.save its arrays as {path.with_suffix('')}/inputs.npy and so on"
        raise DataError(f"{message}, which are never read as a whole") from error


def _array(path: Path, archive: Any, name: str) -> NDArray[Any]:
    try:
        array = archive[name]
    except ValueError as error:
        raise DataError(f"{path}: the array {name!r} cannot be read: {error}; {OBJECTS}") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {name!r} is no array; {LAYOUT}")
    return array
