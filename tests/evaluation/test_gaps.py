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


def test_negative_transfer_rate():
    verdicts = {("a", "b"): "hurts", ("b", "a"): "helps", ("a", "c"): "hurts", ("c", "a"): "undecided"}
    gap = {("a", "b"): cell(0.1), ("b", "a"): cell(-0.3), ("a", "c"): cell(0.25), ("c", "a"): cell(0.15)}
    rate = gaps.negative_transfer_rate(verdicts, gap)
    assert (rate.hurt, rate.decided, rate.undecided, rate.missing) == (2, 3, 1, 0)
    assert rate.rate == pytest.approx(2 / 3, **EXACT)
    assert rate.mean_gap == pytest.approx(0.05, **EXACT)
    assert rate.worst == ("a", "c")


def test_a_mean_with_a_hole_is_not_taken():
    rate = gaps.negative_transfer_rate({"x": "hurts"}, {"x": cell(0.1), "y": None})
    assert rate.mean_gap is None
    assert rate.worst == "x"
    assert rate.rate == 1
    assert (rate.undecided, rate.missing) == (0, 1)


def test_nothing_decided_has_no_rate():
    rate = gaps.negative_transfer_rate({"x": "undecided"}, {"x": cell(0.1)})
    assert (rate.rate, rate.undecided, rate.missing) == (None, 1, 0)


def test_where_every_cell_is_missing_none_is_undecided():
    rate = gaps.negative_transfer_rate({}, {"x": None})
    assert (rate.rate, rate.mean_gap, rate.worst) == (None, None, None)
    assert (rate.undecided, rate.missing) == (0, 1)


def test_a_missing_cell_has_no_verdict():
    with pytest.raises(ValueError, match=r"\['x'\]"):
        gaps.negative_transfer_rate({"x": "undecided"}, {"x": None})


def test_cells_of_verdicts_and_gaps_must_agree():
    with pytest.raises(ValueError, match=r"\['y'\]"):
        gaps.negative_transfer_rate({"x": "hurts"}, {"x": cell(0.1), "y": cell(0.1)})
