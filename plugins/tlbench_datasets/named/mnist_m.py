"""Digits on photographs, as MNIST-M is made (Ganin and Lempitsky, ICML 2015; Ganin et al., JMLR 2016, section 5.2.4).

https://jmlr.org/papers/v17/15-239.html
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tlbench.core.seeds import derive
from tlbench_datasets.named.npz_files import JpegArchive

#: The last fifth of the photographs, in the order of the archive, is kept for the digits of test.
TEST_SHARE = 0.2


def photographs_of(count: int, part: str) -> range:
    """Which of `count` photographs stand behind the digits of `"train"` or of `"test"`; none serves both."""
    test = max(1, round(TEST_SHARE * count))
    return range(count - test) if part == "train" else range(count - test, count)


def blended(digits: NDArray[np.uint8], photographs: JpegArchive, part: str) -> NDArray[np.uint8]:
    """The difference |crop − digit| in each channel: digits (n, side, side) become uint8 (n, 3, side, side).

    Each digit has a photograph and a place in it of its own, drawn by a seed. One photograph is decoded at a time.
    """
    rng = np.random.default_rng(derive(0, "mnist-m", part))
    allowed: Sequence[int] = photographs_of(len(photographs), part)
    chosen = rng.choice(allowed, len(digits))
    corners = rng.random((len(digits), 2))
    out = np.empty((len(digits), 3, *digits.shape[1:]), dtype=np.uint8)
    for photograph in np.unique(chosen).tolist():
        pixels = photographs[photograph].transpose(2, 0, 1)
        for row in np.flatnonzero(chosen == photograph).tolist():
            crop = _crop(pixels, corners[row], digits.shape[1])
            out[row] = np.abs(crop.astype(np.int16) - digits[row])
    return out


def _crop(pixels: NDArray[np.uint8], corner: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """A square of `side` pixels; `corner`, below 1, says how far down and to the right of all its places it is."""
    top, left = (np.array(pixels.shape[1:]) - side + 1) * corner
    return pixels[:, int(top) : int(top) + side, int(left) : int(left) + side]
