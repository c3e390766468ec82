"""What the curve of a training on its own predictions says: thresholds never reached, and predictions that collapse."""

from __future__ import annotations

import pytest

from tlbench_strategies.self_training import health
from tlbench_strategies.self_training.fixmatch import FixMatch
from tlbench_strategies.self_training.shot import Shot


def curve(**terms):
    """Twenty points from a first value to a last one, for each term."""
    return [
        {"step": 1 + step, **{name: first + (last - first) * step / 19 for name, (first, last) in terms.items()}}
        for step in range(20)
    ]


def test_a_threshold_that_is_never_reached_is_flagged():
    lines = FixMatch.health(curve(used=(0.0, 0.0), source=(2.3, 0.1)), FixMatch.Params())
    assert [line.ok for line in lines] == [False, True]
    assert lines[0].text == "target predictions never reach the threshold: share of a batch 0.00 → 0.00"


def test_shares_that_are_used_are_told():
    lines = health.sure_enough(curve(used=(0.0, 0.9), source=(2.3, 0.1)))
    assert [line.ok for line in lines] == [True, True]
    assert lines[0].text.startswith("target predictions are used: share of a batch 0.0")


def test_classes_that_are_not_learnt_are_flagged():
    assert not health.sure_enough(curve(used=(0.5, 0.9), source=(2.3, 2.3)))[1].ok


@pytest.mark.parametrize(
    ("diversity", "reading", "ok"),
    [((-2.0, -2.2), "predictions are diverse", True), ((-2.2, -0.3), "predictions collapse onto few classes", False)],
)
def test_predictions_that_give_classes_up_are_flagged(diversity, reading, ok):
    (line,) = Shot.health(curve(entropy=(1.0, 0.1), diversity=diversity), Shot.Params())
    assert line.ok == ok
    assert line.text.startswith(f"{reading}: entropy of the mean prediction")


def test_without_these_terms_or_with_few_points_nothing_is_said():
    assert health.sure_enough(curve(loss=(1.0, 0.0))) == []
    assert health.sure_and_diverse(curve(entropy=(1.0, 0.1), diversity=(-1.0, -1.0))[:5]) == []
