"""Arrays of an `.npz` file in a folder of data, never unpickled: by official split, or images kept as JPEG."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlbench.core.domain import Split


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file, by name. Raises `ValueError`, or what numpy raises, for one that is damaged."""
    if not zipfile.is_zipfile(path):
        raise ValueError("no npz archive, or one that is cut short")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def read_train_and_test(path: Path) -> tuple[Split, Split]:
    """The splits of a file with `train_x`, `train_y`, `test_x` and `test_y`."""
    arrays = read_arrays(path)
    return split_of(arrays["train_x"], arrays["train_y"]), split_of(arrays["test_x"], arrays["test_y"])


def split_of(inputs: NDArray[Any], labels: NDArray[Any]) -> Split:
    """A split from arrays as they are stored, labels of shape (n,) or (n, 1). Raises `ValueError` where they differ."""
    if len(inputs) != len(labels):
        raise ValueError(f"{len(inputs)} inputs and {len(labels)} labels")
    return Split(inputs, labels.reshape(len(labels)).astype(np.int64))


class JpegArchive:
    """Images of a file with their JPEG data one after the other in `jpeg`, image i from `offsets[i]` to the next.

    They are decoded when they are asked for, so that few are in memory at once. Other arrays are in `arrays`.
    """

    def __init__(self, path: Path) -> None:
        self.arrays = read_arrays(path)
        self._jpeg, self._offsets = self.arrays.pop("jpeg"), self.arrays.pop("offsets")
        if self._offsets[-1] != len(self._jpeg):
            raise ValueError(f"the images end at {self._offsets[-1]} and the data at {len(self._jpeg)}")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """An image as uint8 (height, width, 3)."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        data = self._jpeg[self._offsets[index] : self._offsets[index + 1]].tobytes()
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return map(self.__getitem__, range(len(self)))
