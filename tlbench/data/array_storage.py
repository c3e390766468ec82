"""Inputs on disk: written in a new order piece by piece, opened as memory maps.

NAME.npy        an array
NAME/           what is none: sparse rows (data, indices, indptr, features), or texts (content, offsets), an array each
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tlbench.core.inputs import Gathered, Inputs, SparseRows, Texts, chunks, join
from tlbench.files import reserve, write_whole

Storage = Literal["array", "sparse", "text"]
_TEXT = ("content", "offsets")
_SPARSE = ("data", "indices", "indptr", "features")


def storage_of(inputs: Inputs) -> Storage:
    """How inputs lie on disk."""
    return "sparse" if isinstance(inputs, SparseRows) else "text" if isinstance(inputs, Texts) else "array"


def place_of(folder: Path, name: str, storage: Storage) -> Path:
    """Where inputs called `name` are in a folder."""
    return folder / (f"{name}.npy" if storage == "array" else name)


def write_inputs(path: Path, parts: Sequence[Inputs], order: NDArray[np.int64]) -> None:
    """Write the rows of several inputs, as if joined, in this order; little of an array is ever in memory."""
    if isinstance(parts[0], SparseRows | Texts):
        whole = join(parts)[order]
        assert isinstance(whole, SparseRows | Texts)
        write_whole(path, lambda to: _write_pieces(to, _pieces(whole)))
    else:
        arrays = [part for part in parts if not isinstance(part, SparseRows | Texts)]
        write_whole(path, lambda to: _write_rows(to, Gathered(arrays, order)))


def open_inputs(path: str | Path, opened: Mapping[str, int] | None = None) -> Inputs:
    """Memory maps that nobody can write to, read as they are needed; of files in `opened` by their descriptors."""
    parts = [_open(file, (opened or {}).get(str(file))) for file in files_of(path)]
    if len(parts) == 1:
        return parts[0]
    if len(parts) == len(_TEXT):
        return Texts(*parts)
    data, indices, indptr, features = parts
    return SparseRows(data, indices, indptr, int(features))


def files_of(path: str | Path) -> list[Path]:
    """The files that inputs lie in."""
    place = Path(path)
    if not place.is_dir():
        return [place]
    return [place / f"{name}.npy" for name in (_TEXT if (place / "offsets.npy").exists() else _SPARSE)]


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array whole or not at all."""

    def write(to: Path) -> None:
        with to.open("wb") as file:
            np.save(file, array, allow_pickle=False)

    write_whole(path, write)


def new_map(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """An array in a new file, to be filled. Raises `OSError` where the disk has no room for it."""
    out: np.memmap[Any, Any] = np.lib.format.open_memmap(path, "w+", dtype, shape)
    with path.open("r+b") as file:
        reserve(file.fileno(), path.stat().st_size)
    return out


def _pieces(inputs: SparseRows | Texts) -> Mapping[str, NDArray[Any]]:
    if isinstance(inputs, Texts):
        return {"content": inputs.content, "offsets": inputs.offsets}
    pieces: dict[str, NDArray[Any]] = {"data": inputs.data, "indices": inputs.indices, "indptr": inputs.indptr}
    return {**pieces, "features": np.array(inputs.features)}


def _write_pieces(folder: Path, pieces: Mapping[str, NDArray[Any]]) -> None:
    folder.mkdir()
    for name, array in pieces.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _write_rows(path: Path, rows: Gathered) -> None:
    if not len(rows):  # a file of nothing cannot be mapped
        with path.open("wb") as file:
            np.save(file, np.empty(rows.shape, rows.dtype), allow_pickle=False)
        return
    out = new_map(path, rows.dtype, rows.shape)
    for at, block in chunks(rows):
        out[at : at + len(block)] = block
    out.flush()


def _open(path: Path, descriptor: int | None = None) -> NDArray[Any]:
    if descriptor is None:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)  # the descriptor's place is shared with those who had it before
        return _map(file)


def _map(file: BinaryIO) -> NDArray[Any]:
    """The memory map of an open file in numpy's format. Raises `ValueError` for another one."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects; they are not read")
    if not np.prod(shape, dtype=np.int64) or not shape:  # a file of nothing cannot be mapped
        return np.fromfile(file, dtype).reshape(shape)
    return np.memmap(file, dtype, "r", file.tell(), shape, "F" if by_columns else "C")
