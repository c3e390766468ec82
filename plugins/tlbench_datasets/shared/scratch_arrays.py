"""Room for arrays that memory may not hold: in memory where they are small, else in a file that nobody sees."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tlbench.errors import DataError
from tlbench.files import cache_folder, reserve

#: Arrays of more bytes than this are made on disk.
IN_MEMORY_BYTES = 256 * 2**20


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array whose content is whatever was there; a large one is a memory map of a file in the cache folder.

    The file has no name any more once it is made, so it is gone with the array, whatever ends the process. Raises
    `DataError` where the disk has no room for it.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if size <= IN_MEMORY_BYTES:
        return np.empty(shape, dtype)
    folder = cache_folder() / "scratch"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            reserve(file.fileno(), size)
            return np.memmap(file, dtype, "w+", shape=shape)
    except OSError as error:
        message = f"cannot make room for {size / 2**30:.1f} GiB in {folder}: {error.strerror or error}"
        raise DataError(f"{message}; free some, or choose another folder with TLBENCH_CACHE") from error
