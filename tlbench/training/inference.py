"""Forward passes without a gradient: how many inputs one takes, and where what comes out is kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs

#: Examples per forward pass.
INFERENCE_BATCH = 512
#: Values of inputs that they may have together, by the kind of device; a network's hidden layers take about ten times
#: as much. On a CPU what stays in its caches is faster: MobileNetV2 on images of 96 pixels takes 37 at a time, as fast
#: as 303 or faster, in half the memory; a LeNet is as fast at 64 as at 512.
INFERENCE_VALUES = {"cpu": 2**20, "cuda": 8 * 2**20}
#: The same for tokens, of each of which a network makes hundreds of values: 64 texts of 64 tokens are as fast as 512.
INFERENCE_TOKENS = {"cpu": 2**12, "cuda": 2**16}


def inference_slices(inputs: Inputs, device: str) -> Iterator[slice]:
    """All rows, so many at a time as one forward pass on the device takes."""
    values = int(np.prod(inputs.shape[1:], dtype=np.int64))
    most = (INFERENCE_TOKENS if _are_tokens(inputs) else INFERENCE_VALUES)[device.partition(":")[0]]
    rows = max(1, min(INFERENCE_BATCH, most // max(1, values)))
    return (slice(at, at + rows) for at in range(0, len(inputs), rows))


def _are_tokens(inputs: Inputs) -> bool:
    """Whether rows are numbers of tokens: images are bytes, and measurements fractions."""
    return len(inputs.shape) == 2 and inputs.dtype.kind == "i"


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
