"""Pseudo-labels: cross entropy on what is predicted, with a factor that rises, as the suite's training goes on."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from tlbench.testing import faithful
from tlbench_strategies.self_training.pseudo_labels import PseudoLabelling


def subject(**params):
    return faithful.on_toy_task(PseudoLabelling, params)


@pytest.mark.parametrize("params", [{"weight": 0.0}, {"threshold": 1.1}])
def test_without_a_weight_or_a_prediction_that_is_used_it_is_training_on_the_source(params):
    faithful.limit(PseudoLabelling, params, equals="source-only")


def test_it_is_the_cross_entropy_on_the_predicted_class():
    made = subject(ends=0.5)
    with torch.no_grad():
        logits = made.model(made.batch.target.inputs)
    expected = 3 * functional.cross_entropy(logits, logits.argmax(1))
    assert made.values(0.5)["pseudo"] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(("progress", "weight"), [(0.0, 0.0), (0.1, 0.0), (0.35, 1.5), (0.6, 3.0), (1.0, 3.0)])
def test_the_factor_rises_from_a_tenth_to_six_tenths_of_the_training(progress, weight):
    assert subject().values(progress)["weight"] == pytest.approx(weight)


def test_what_is_below_the_threshold_counts_as_nothing_in_a_mean_over_all():
    made = subject(ends=0.5)
    with torch.no_grad():
        logits = made.model(made.batch.target.inputs)
    threshold = float(logits.softmax(1).amax(1).median())
    losses = functional.cross_entropy(logits, logits.argmax(1), reduction="none")
    sure = logits.softmax(1).amax(1) >= threshold
    assert 0 < int(sure.sum()) < 16
    found = subject(ends=0.5, threshold=threshold).values(0.5)
    assert found["pseudo"] == pytest.approx(float(3 * losses[sure].sum() / 16), rel=1e-5)
    assert found["used"] == pytest.approx(float(sure.float().mean()))


def test_a_rise_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValidationError, match=r"ends = 0.2 must come after starts = 0.3"):
        PseudoLabelling.Params(starts=0.3, ends=0.2)
