from __future__ import annotations

import numpy as np
import pytest

from tlbench.training.inference import OutputBuffer, inference_slices


def test_nothing_to_predict():
    with pytest.raises(ValueError, match="no inputs to predict"):
        _ = OutputBuffer(0).array


@pytest.mark.parametrize(
    ("shape", "rows"), [((1200, 3, 32, 32), 512), ((100, 3, 224, 224), 55), ((3, 10**7), 1), ((0, 4), 0)]
)
def test_one_forward_pass_takes_fewer_inputs_where_they_are_large(shape, rows):
    inputs = np.broadcast_to(np.zeros(1, np.uint8), shape)
    slices = list(inference_slices(inputs))
    assert max((len(inputs[part]) for part in slices), default=0) == rows
    assert sum(len(inputs[part]) for part in slices) == len(inputs)


def test_passes_fill_an_array():
    found = OutputBuffer(3)
    found.fill(slice(0, 2), np.array([[1, 2], [3, 4]], np.float32))
    found.fill(slice(2, 4), np.array([[5, 6]], np.float32))
    assert np.array_equal(found.array, [[1, 2], [3, 4], [5, 6]])
