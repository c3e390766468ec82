"""Tiny folders of public data, laid out as real ones are."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def images(seed, *shape):
    """Random bytes, of which no two images are the same."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def labels(count, classes=10):
    return (np.arange(count) % classes).astype(np.uint8)


def digit_files(folder: Path, train=100, test=20) -> Path:
    """`digits/mnist.npz` and `digits/usps.npz`."""
    (folder / "digits").mkdir(parents=True, exist_ok=True)
    for seed, (name, side) in enumerate((("mnist", 28), ("usps", 16))):
        inputs = images(seed, train + test, side, side)
        np.savez(
            folder / "digits" / f"{name}.npz",
            train_x=inputs[:train],
            train_y=labels(train),
            test_x=inputs[train:],
            test_y=labels(test),
        )
    return folder


def jpeg_archive(path: Path, photographs, **arrays) -> Path:
    """Images (height, width, 3) as JPEG, one after the other."""
    coded = []
    for pixels in photographs:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        coded.append(file.getvalue())
    path.parent.mkdir(parents=True, exist_ok=True)
    offsets = np.cumsum([0, *map(len, coded)])
    np.savez(path, jpeg=np.frombuffer(b"".join(coded), np.uint8), offsets=offsets, **arrays)
    return path


def photographs(folder: Path, count=10) -> Path:
    """Photographs of one grey each, 0 to 9 times 20, so that it shows which of them is behind a digit."""
    made = [np.full((40, 50, 3), 20 * number, dtype=np.uint8) for number in range(count)]
    return jpeg_archive(folder / "bsds500-train-for-mnistm" / "bsds500_train_q65.npz", made)
