from __future__ import annotations

import numpy as np
import pytest

from tlbench.training.inference import OutputBuffer, inference_slices


def test_nothing_to_predict():
    with pytest.raises(ValueError, match="no inputs to predict"):
        _ = OutputBuffer(0).array


@pytest.mark.parametrize(
    ("shape", "dtype", "device", "rows"),
    [
        ((600, 3, 16, 16), np.uint8, "cpu", 512),
        ((100, 3, 96, 96), np.uint8, "cpu", 37),
        ((100, 3, 224, 224), np.uint8, "cuda:0", 55),
        ((3, 10**7), np.float32, "cpu", 1),
        ((100, 128), np.int64, "cpu", 32),
        ((600, 128), np.int64, "cuda", 512),
        ((600, 128), np.float32, "cpu", 512),
        ((0, 4), np.float32, "cpu", 0),
    ],
)
def test_one_forward_pass_takes_fewer_inputs_where_they_are_large(shape, dtype, device, rows):
    inputs = np.broadcast_to(np.zeros(1, dtype), shape)
    slices = list(inference_slices(inputs, device))
    assert max((len(inputs[part]) for part in slices), default=0) == rows
    assert sum(len(inputs[part]) for part in slices) == len(inputs)


def test_passes_fill_an_array():
    found = OutputBuffer(3)
    found.fill(slice(0, 2), np.array([[1, 2], [3, 4]], np.float32))
    found.fill(slice(2, 4), np.array([[5, 6]], np.float32))
    assert np.array_equal(found.array, [[1, 2], [3, 4], [5, 6]])
