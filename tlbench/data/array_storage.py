"""Inputs on disk: written in a new order piece by piece, opened as memory maps.

NAME.npy        an array
NAME/           what is none: sparse rows (data, indices, indptr, features), or texts (content, offsets), an array each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tlbench.core.inputs import Gathered, Inputs, SparseRows, Texts, chunks, join
from tlbench.files import reserve, write_whole

Storage = Literal["array", "sparse", "text"]


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


def open_inputs(path: str | Path) -> Inputs:
    """Memory maps, read as they are needed."""
    place = Path(path)
    if not place.is_dir():
        return _open(place)
    if (place / "offsets.npy").exists():
        return Texts(_open(place / "content.npy"), _open(place / "offsets.npy"))
    data, indices, indptr, features = (
        _open(place / f"{name}.npy") for name in ("data", "indices", "indptr", "features")
    )
    return SparseRows(data, indices, indptr, int(features))


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


def _open(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
