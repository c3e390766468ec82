"""Published figures beside ours: standard errors and verdicts, worked out by hand."""

from __future__ import annotations

import math

import pytest

from tlbench.evaluation.reproduction import compare, error_of_mean, interval, published_error

#: Mean 0.6, sd 0.005, standard error 0.005 / √3 = 0.0028868; half-width 4.3027 · 0.0028868 = 0.0124.
NARROW = [0.595, 0.600, 0.605]
#: Mean 0.6, sd 0.01; half-width 0.0248.
WIDE = [0.59, 0.60, 0.61]


def error(value=0.5, seeds=NARROW, *, plus_minus=None, half_unit=0.0, examples=None):
    return published_error(value, seeds, plus_minus=plus_minus, half_unit=half_unit, examples=examples)


# The standard error of a published figure ----------------------------------------------------------------------------


def test_what_is_printed_is_taken_and_nothing_of_ours():
    assert error(plus_minus=0.02, examples=100) == pytest.approx(0.02)
    assert error(plus_minus=0.0, half_unit=0.0005) == pytest.approx(0.0005)
    assert error(plus_minus=0.003, half_unit=0.004) == pytest.approx(0.005)


def test_a_figure_without_one_scatters_as_ours_do():
    assert error() == pytest.approx(0.005)
    assert error(seeds=[0.6]) == 0


def test_a_test_set_of_the_same_size_adds_its_binomial_error():
    # 0.5 · 0.5 / 100 = 0.0025 and 0.8 · 0.2 / 400 = 0.0004
    assert error(0.5, [0.6, 0.6], examples=100) == pytest.approx(0.05)
    assert error(0.8, [0.6, 0.6], examples=400) == pytest.approx(0.02)
    assert error(0.8, NARROW, half_unit=0.0005, examples=400) == pytest.approx(math.sqrt(0.0004 + 0.000025 + 2.5e-7))


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1])
def test_at_the_ends_and_beyond_there_is_no_binomial_error(value):
    assert error(value, [0.6, 0.6], examples=100) == 0


def test_the_error_of_a_mean_of_figures():
    assert error_of_mean([0.03, 0.04]) == pytest.approx(0.025)
    assert error_of_mean([0.02]) == pytest.approx(0.02)


# The verdict ---------------------------------------------------------------------------------------------------------


def test_margin_is_two_combined_standard_errors():
    found = compare(0.62, 0.01, NARROW, deterministic=False)
    assert found.difference == pytest.approx(-0.02)
    assert found.margin == pytest.approx(2 * math.sqrt(0.005**2 / 3 + 0.01**2))


@pytest.mark.parametrize(
    ("published", "outcome"),
    [(0.620, "reproduced"), (0.6209, "lower"), (0.580, "reproduced"), (0.5791, "higher"), (0.6, "reproduced")],
)
def test_within_the_margin_is_reproduced_and_beyond_is_higher_or_lower(published, outcome):
    # The margin is 2 · √(0.0000083 + 0.0001) = 0.02082.
    assert compare(published, 0.01, NARROW, deterministic=False).outcome == outcome


def test_the_margin_itself_is_within_it_whatever_rounding_does():
    # 0.8 − 0.6 is a little more than 0.2.
    assert compare(0.6, 0.1, [0.8, 0.8, 0.8], deterministic=True).outcome == "reproduced"
    assert compare(0.8, 0.1, [0.6, 0.6, 0.6], deterministic=True).outcome == "reproduced"


def test_an_interval_too_wide_is_inconclusive_only_within_the_margin():
    assert compare(0.6, 0.01, WIDE, deterministic=False).outcome == "inconclusive"
    assert compare(0.7, 0.01, WIDE, deterministic=False).outcome == "lower"
    assert compare(0.6, 0.01, WIDE, deterministic=False, widest=0.025).outcome == "reproduced"


@pytest.mark.parametrize("seeds", [[0.6], [0.6, 0.61]])
def test_fewer_than_three_seeds_are_inconclusive_however_far(seeds):
    found = compare(0.1, 0.01, seeds, deterministic=False)
    assert (found.outcome, found.margin) == ("inconclusive", None)
    assert interval(seeds, deterministic=False).half_width is None


def test_what_is_deterministic_needs_no_three_seeds():
    found = compare(0.65, 0.02, [0.6, 0.6], deterministic=True)
    assert (found.outcome, found.margin) == ("lower", pytest.approx(0.04))
    assert interval([0.6, 0.6], deterministic=True).half_width == 0
