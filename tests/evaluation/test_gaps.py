"""Gaps on hand-computed errors."""

from __future__ import annotations

import pytest

from tlbench.evaluation import gaps
from tlbench.evaluation.statistics import PairedTest

EXACT = {"abs": 1e-12, "rel": 1e-12}
# Differences 0.1, 0.2, 0.3: mean 0.2, standard deviation 0.1, t = 0.2 / (0.1 / √3) = 2√3.
WITH = {0: 0.4, 1: 0.6, 2: 0.8}
WITHOUT = {0: 0.3, 1: 0.4, 2: 0.5}
T_2_975 = 4.302652729749464


def cell(mean):
    return PairedTest(mean=mean, half_width=0.01, n=5, p_value=0.01)


@pytest.mark.parametrize(
    ("gap", "arguments", "mean"),
    [
        (gaps.negative_transfer_gap, (WITH, WITHOUT), 0.2),
        (gaps.gain_over_target_only, (WITH, WITHOUT), -0.2),
        (gaps.adaptation_gap, (WITH, WITHOUT), 0.2),
    ],
)
def test_sign_mean_and_interval(gap, arguments, mean):
    test = gap(*arguments)
    assert test.mean == pytest.approx(mean, **EXACT)
    assert test.half_width == pytest.approx(T_2_975 * 0.1 / 3**0.5, **EXACT)
    # For two degrees of freedom P(|t| > x) = 1 − x / √(2 + x²).
    assert test.p_value == pytest.approx(1 - 12**0.5 / 14**0.5, **EXACT)


def test_runs_are_paired_by_seed_not_by_order():
    test = gaps.adaptation_gap({2: 0.8, 0: 0.4, 1: 0.6}, WITHOUT)
    assert test == gaps.adaptation_gap(WITH, WITHOUT)


def test_only_common_seeds_count():
    test = gaps.negative_transfer_gap({**WITH, 7: 1.0}, {**WITHOUT, 9: 0.0})
    assert test == gaps.negative_transfer_gap(WITH, WITHOUT)
    assert test.n == 3


@pytest.mark.parametrize("gap", [gaps.negative_transfer_gap, gaps.gain_over_target_only, gaps.adaptation_gap])
def test_no_common_seed_is_no_gap(gap):
    assert gap({0: 0.1}, {1: 0.1}) is None
    assert gap({}, WITHOUT) is None


def test_share_of_gap_closed():
    share = gaps.share_of_gap_closed(
        {0: 0.3, 1: 0.2, 2: 0.25, 5: 0.0}, {0: 0.5, 1: 0.4, 2: 0.45, 6: 0.0}, {0: 0.1, 1: 0.05, 2: 0.0}
    )
    # (0.75 − 0.55) / (0.95 − 0.55)
    assert share.ratio == pytest.approx(0.5, **EXACT)
    assert (share.accuracy, share.source_only, share.oracle) == pytest.approx((0.75, 0.55, 0.95), **EXACT)
    assert share.n == 3
    assert share.low <= share.ratio <= share.high


def test_share_without_a_gap_keeps_the_raw_numbers():
    share = gaps.share_of_gap_closed({0: 0.3, 1: 0.3, 2: 0.3}, {0: 0.5, 1: 0.4, 2: 0.3}, {0: 0.4, 1: 0.5, 2: 0.3})
    assert (share.ratio, share.low, share.high) == (None, None, None)
    assert (share.accuracy, share.source_only, share.oracle) == pytest.approx((0.7, 0.6, 0.6), **EXACT)


def test_share_without_common_seeds_is_missing():
    assert gaps.share_of_gap_closed({0: 0.3}, {1: 0.3}, {0: 0.1}) is None


def test_an_error_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        gaps.adaptation_gap({0: float("nan")}, {0: 0.1})


def test_verdicts_are_counted_and_the_worst_cell_is_found():
    verdicts = {("a", "b"): "hurts", ("b", "a"): "helps", ("a", "c"): "hurts", ("c", "a"): "unknown"}
    gap = {("a", "b"): cell(0.1), ("b", "a"): cell(-0.3), ("a", "c"): cell(0.25), ("c", "a"): cell(0.15)}
    found = gaps.count_verdicts(verdicts, gap)
    assert found.counts == {"helps": 1, "hurts": 2, "no matter": 0, "unknown": 1, "training failed": 0}
    assert (found.missing, found.worst) == (0, ("a", "c"))


def test_a_missing_cell_is_counted_apart():
    found = gaps.count_verdicts({"x": "hurts"}, {"x": cell(0.1), "y": None})
    assert (found.counts["hurts"], found.counts["unknown"], found.missing, found.worst) == (1, 0, 1, "x")


def test_where_every_cell_is_missing_none_is_worst():
    found = gaps.count_verdicts({}, {"x": None})
    assert (sum(found.counts.values()), found.missing, found.worst) == (0, 1, None)


def test_a_failed_training_is_never_the_worst_transfer():
    found = gaps.count_verdicts({"x": "training failed", "y": "unknown"}, {"x": cell(0.6), "y": cell(0.01)})
    assert found.worst == "y"


def test_a_missing_cell_has_no_verdict():
    with pytest.raises(ValueError, match=r"\['x'\]"):
        gaps.count_verdicts({"x": "unknown"}, {"x": None})


def test_cells_of_verdicts_and_gaps_must_agree():
    with pytest.raises(ValueError, match=r"\['y'\]"):
        gaps.count_verdicts({"x": "hurts"}, {"x": cell(0.1), "y": cell(0.1)})
