"""Forward passes without a gradient: how many inputs one takes, and where what comes out is kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs

#: Examples per forward pass, and values of inputs that these may have together: a network's hidden layers take about
#: ten times as much. 512 images of 32 x 32 pixels in colour are far below it, of 224 x 224 are 55.
INFERENCE_BATCH = 512
INFERENCE_VALUES = 8 * 2**20


def inference_slices(inputs: Inputs) -> Iterator[slice]:
    """All rows, so many at a time as one forward pass takes."""
    values = int(np.prod(inputs.shape[1:], dtype=np.int64))
    rows = max(1, min(INFERENCE_BATCH, INFERENCE_VALUES // max(1, values)))
    return (slice(at, at + rows) for at in range(0, len(inputs), rows))


class OutputBuffer:
    """An array of float32 (n, …) that is filled pass by pass.

    Kept as a list, the small result of each pass would lie among the large blocks that passes take and give back, and
    memory would grow with their number.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._array: NDArray[np.float32] | None = None

    def fill(self, rows: slice, part: NDArray[np.float32]) -> None:
        """Take the rows of one pass; the first says their shape. Raises `ValueError` for another."""
        if self._array is None:
            self._array = np.empty((self._count, *part.shape[1:]), np.float32)
        if part.shape[1:] != self._array.shape[1:]:
            raise ValueError(
                f"one batch gave {self._array.shape[1:]} values for each input, and another {part.shape[1:]}"
            )
        self._array[rows] = part

    @property
    def array(self) -> NDArray[np.float32]:
        """All rows. Raises `ValueError` where there was no pass."""
        if self._array is None:
            raise ValueError("there are no inputs to predict")
        return self._array
