"""The public files of MNIST and USPS, as their authors and LIBSVM publish them."""

from __future__ import annotations

import bz2
import gzip
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import Split
from tlbench_datasets.named.npz_files import split_of

#: The third byte of an IDX file: what kind of numbers it holds.
UNSIGNED_BYTES = 8
USPS_SIDE = 16


def read_mnist(train_images: Path, train_labels: Path, test_images: Path, test_labels: Path) -> tuple[Split, Split]:
    """Train and test from four gzipped IDX files: images uint8 (n, 28, 28), labels 0 to 9."""
    train = split_of(read_idx(train_images), read_idx(train_labels))
    return train, split_of(read_idx(test_images), read_idx(test_labels))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of a gzipped IDX file of bytes.

    Two zero bytes, the kind of numbers, the number of dimensions; the dimensions as big-endian 32-bit numbers; then
    the numbers. Raises `ValueError` for another kind or length.
    """
    content = gzip.decompress(path.read_bytes())
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTES:
        raise ValueError("no IDX file of bytes")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{len(content) - start} numbers for the shape {shape}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def read_usps(train: Path, test: Path) -> tuple[Split, Split]:
    """Train and test from two files of LIBSVM: images uint8 (n, 16, 16) with ink bright, labels 0 to 9."""
    return read_usps_file(train), read_usps_file(test)


def read_usps_file(path: Path) -> Split:
    """A bz2 file of lines `label index:value …`, label 1 to 10, index 1 to 256, value -1 to 1; what is absent is 0.

    Values are rounded to the nearest of 256 levels (torchvision cuts them off). Raises `ValueError` for other lines.
    """
    images, labels = [], []
    with bz2.open(path, "rt", encoding="ascii") as file:
        for line in file:
            label, *pairs = line.split()
            values = np.zeros(USPS_SIDE**2, dtype=np.float64)
            for pair in pairs:
                index, _, value = pair.partition(":")
                if not 1 <= int(index) <= len(values):
                    raise ValueError(f"pixel {index} of {len(values)}")
                values[int(index) - 1] = float(value)
            images.append(np.rint((values.clip(-1, 1) + 1) / 2 * 255).astype(np.uint8))
            labels.append(int(label) - 1)
    return split_of(np.stack(images).reshape(-1, USPS_SIDE, USPS_SIDE), np.array(labels))
