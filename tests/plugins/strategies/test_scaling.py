from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench_strategies.frozen_features.scaling import Scaler

#: The last feature is a unit that is dead.
TRAINING = np.array([[1.0, 10.0, 0.0], [3.0, 30.0, 0.0]], np.float32)
OTHERS = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], np.float32)

SCALED = {
    "none": [[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]],
    "standardise": [[1.0, -1.6, 0.0], [-2.0, -2.0, 0.0]],  # means 2 and 20, deviations 1 and 10
    "l2": [[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]],
}


@pytest.mark.parametrize("scale", SCALED)
def test_features_are_scaled_by_the_training_features_alone_whatever_stands_beside_them(scale):
    scaler = Scaler(TRAINING, scale)
    np.testing.assert_allclose(scaler.of_array(OTHERS), SCALED[scale], atol=1e-5)
    np.testing.assert_allclose(scaler.of_array(OTHERS[:1]), SCALED[scale][:1], atol=1e-5)


@pytest.mark.parametrize("scale", SCALED)
def test_a_tensor_and_an_array_are_scaled_alike(scale):
    scaler = Scaler(TRAINING, scale)
    assert np.array_equal(scaler(torch.from_numpy(OTHERS)).numpy(), scaler.of_array(OTHERS))
    assert scaler.of_array(OTHERS).dtype == np.float32


def test_not_scaling_copies_nothing():
    assert np.shares_memory(Scaler(TRAINING, "none").of_array(OTHERS), OTHERS)
