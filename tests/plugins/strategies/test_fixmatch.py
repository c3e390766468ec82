"""FixMatch: labels from weak views, which are constants, for strong views; the mean is over all examples."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tlbench.testing import faithful
from tlbench_strategies.self_training.fixmatch import FixMatch


def subject(**params):
    return faithful.on_toy_task(FixMatch, params)


def with_views(made, **views):
    """A target whose views are these."""
    target = made.batch.target
    object.__setattr__(target, "view", views.__getitem__)
    return made


@pytest.mark.parametrize("params", [{"weight": 0.0}, {"threshold": 1.1}])
def test_without_a_weight_or_a_label_that_is_used_it_is_training_on_the_source(params):
    """At the least threshold all are used, so that the defaults differ."""

    class AllUsed(FixMatch):
        class Params(FixMatch.Params):
            threshold: float = 0.0

    faithful.limit(AllUsed, params, equals="source-only")


def test_the_loss_is_that_of_strong_views_on_labels_of_weak_ones_over_all_examples():
    inputs = subject().batch.target.inputs
    weak, strong = inputs, inputs.flip(0) + 0.5
    with torch.no_grad():
        of_weak, of_strong = (subject().model(view) for view in (weak, strong))
    probability, labels = of_weak.softmax(1).max(1)
    threshold = float(probability.median())
    sure = probability >= threshold
    losses = functional.cross_entropy(of_strong, labels, reduction="none")
    found = with_views(subject(threshold=threshold, weight=0.5), weak=weak, strong=strong).values()
    assert 0 < int(sure.sum()) < 16
    assert found["strong"] == pytest.approx(float(0.5 * losses[sure].sum() / 16), rel=1e-5)
    assert found["used"] == pytest.approx(float(sure.float().mean()))


def test_labels_are_constants_to_the_gradient():
    """The gradient is that of the strong view alone."""
    made = subject(threshold=0.0)
    inputs = made.batch.target.inputs
    with_views(made, weak=inputs, strong=2 * inputs)
    term = made.terms()["strong"]
    strong = functional.cross_entropy(made.model(2 * inputs), made.model(inputs).argmax(1))
    torch.testing.assert_close(
        faithful.gradient(term, [made.model]), faithful.gradient(strong, [made.model]), rtol=1e-4, atol=1e-6
    )


def test_views_are_two_and_strong_ones_are_further_away():
    made = subject()
    weak, strong = (made.batch.target.view(kind) - made.batch.target.raw for kind in ("weak", "strong"))
    assert 0 < float(weak.abs().mean()) < float(strong.abs().mean())
