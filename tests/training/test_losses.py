"""Losses beside their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench import losses


def test_one_example_has_no_covariance_and_gives_no_infinity():
    found = losses.covariance_distance(torch.randn(1, 3), torch.zeros(5, 3))
    assert found == 0


def test_the_distance_of_covariances_is_that_of_the_paper():
    source, target = torch.randn(40, 5), 2 * torch.randn(30, 5)
    first, second = (np.cov(part.numpy(), rowvar=False) for part in (source, target))
    expected = ((first - second) ** 2).sum() / (4 * 5**2)
    assert losses.covariance_distance(source, target).item() == pytest.approx(expected, rel=1e-5)
    assert losses.covariance_distance(source, source + 3).item() == pytest.approx(0, abs=1e-10)
