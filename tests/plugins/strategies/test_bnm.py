"""BNM: the nuclear norm of target predictions, largest where they are sure and diverse."""

from __future__ import annotations

import math

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.self_training.bnm import BatchNuclearNorm
from tlbench_strategies.shared.spectra import nuclear_norm


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(BatchNuclearNorm, {"weight": 0.0}, equals="source-only")


def test_even_predictions_have_less_than_sure_ones_of_one_class_and_these_less_than_balanced_ones():
    even, one, balanced = (
        torch.full((12, 3), 1 / 3),
        torch.eye(3)[[0] * 12],
        torch.eye(3).repeat(4, 1),
    )
    norms = [float(nuclear_norm(each)) for each in (even, one, balanced)]
    assert norms == pytest.approx([math.sqrt(12 / 3), math.sqrt(12), math.sqrt(12 * 3)], rel=1e-5)


def test_the_term_is_the_negative_norm_by_the_size_of_the_batch():
    made = faithful.on_toy_task(BatchNuclearNorm, {"weight": 0.5})
    predictions = made.model(made.batch.target.inputs).softmax(1).detach()
    expected = -0.5 * float(torch.linalg.matrix_norm(predictions, "nuc")) / 16
    assert made.values()["nuclear"] == pytest.approx(expected, rel=1e-4)


def test_it_is_raised_by_training_on_it():
    made = faithful.on_toy_task(BatchNuclearNorm, {"weight": 100.0})
    before = made.values()["nuclear"]
    for _ in range(5):
        made.update()
    assert made.values()["nuclear"] < before


def test_the_order_of_the_target_is_nothing():
    faithful.permutation_invariant(faithful.on_toy_task(BatchNuclearNorm), "nuclear", "target")
