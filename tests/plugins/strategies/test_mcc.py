"""MCC: shares of confusion whose weights are constants, 0 for sure predictions and most for even ones."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.self_training.mcc import MinimumClassConfusion, confusion, confusion_shares
from tlbench_strategies.shared.entropy import sureness


def logits(count=12, classes=4):
    return 2 * torch.randn(count, classes, generator=torch.Generator().manual_seed(0))


def weighted(given, weights):
    """The confusion by its definition, pair by pair of classes."""
    shares = given.softmax(1)
    classes = range(given.shape[1])
    counts = [[(weights * shares[:, j] * shares[:, k]).sum() for k in classes] for j in classes]
    rows = [sum(row) for row in counts]
    return sum(counts[j][k] / rows[j] for j in classes for k in classes if j != k) / given.shape[1]


def weights(given):
    return len(given) * sureness(given) / sureness(given).sum()


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(MinimumClassConfusion, {"weight": 0.0}, equals="source-only")


def test_it_is_its_formula_with_weights_that_are_constants():
    faithful.detached(confusion, logits(), weights=weights, weighted=weighted)


def test_rows_of_the_confusion_are_shares():
    torch.testing.assert_close(confusion_shares(logits()).sum(1), torch.ones(4))


def test_sure_predictions_of_all_classes_confuse_nothing_and_even_ones_confuse_all():
    assert float(confusion(200 * torch.eye(4).repeat(3, 1))) == pytest.approx(0)
    assert float(confusion(torch.zeros(8, 4))) == pytest.approx(3 / 4)


def test_a_class_that_nobody_is_confuses_nothing():
    given = 200 * torch.eye(4)[[0, 1, 1, 2]]
    assert float(confusion(given)) == pytest.approx(0)


def test_sure_examples_count_more():
    given = torch.tensor([[3.0, 2.9, -9.0], [3.0, 2.9, -9.0], [-9.0, -9.0, 3.0]])
    surer = given.clone()
    surer[2, 2] = 30.0
    assert weights(surer)[2] > weights(given)[2]


def test_the_temperature_is_that_of_the_predictions():
    made = faithful.on_toy_task(MinimumClassConfusion, {"weight": 0.5})
    of_target = made.model(made.batch.target.inputs).detach()
    assert made.values()["confusion"] == pytest.approx(float(0.5 * confusion(of_target / 2.5)), rel=1e-5)


def test_the_order_of_the_target_is_nothing_and_the_source_has_no_part():
    made = faithful.on_toy_task(MinimumClassConfusion)
    faithful.permutation_invariant(made, "confusion", "target")
    with pytest.raises(faithful.Vacuous, match="is the same for other examples"):
        faithful.permutation_invariant(made, "confusion", "source")
