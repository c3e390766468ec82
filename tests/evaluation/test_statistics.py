"""Statistics against hand-computed values, the libraries' own results, and simulations with known effects."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from tlbench.evaluation import statistics
from tlbench.evaluation.statistics import PairedTest

EXACT = {"abs": 1e-12, "rel": 1e-12}


def test_importing_is_light():
    code = "import sys, tlbench.evaluation.statistics, tlbench.evaluation.gaps\n"
    code += "print({'torch', 'sklearn', 'scipy', 'statsmodels', 'pandas', 'scikit_posthocs'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


# --- estimates over seeds


def test_estimate_by_hand():
    result = statistics.estimate([0.1, 0.2, 0.3])
    # Student's t with 2 degrees of freedom: t = 0.95 √(2 / (1 − 0.95²)).
    assert result.mean == pytest.approx(0.2, **EXACT)
    assert result.half_width == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)) * 0.1 / math.sqrt(3), **EXACT)
    assert result.interval == pytest.approx((0.2 - result.half_width, 0.2 + result.half_width), **EXACT)


@pytest.mark.parametrize("values", [[0.4], [0.4, 0.6]])
def test_fewer_than_three_seeds_have_no_interval(values):
    result = statistics.estimate(values)
    assert (result.half_width, result.interval, result.n) == (None, None, len(values))


@pytest.mark.parametrize("values", [[], [[0.1], [0.2]]])
def test_estimate_refuses_what_is_not_a_list_of_seeds(values):
    with pytest.raises(ValueError, match="at least one seed"):
        statistics.estimate(values)


# --- paired differences


def test_paired_difference_equals_scipy():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 7))
    ours, theirs = statistics.paired_difference(a, b), scipy.stats.ttest_rel(a, b)
    low, high = theirs.confidence_interval(0.95)
    assert ours.p_value == pytest.approx(theirs.pvalue, **EXACT)
    assert ours.interval == pytest.approx((low, high), **EXACT)
    assert ours.mean == pytest.approx(float(np.mean(a - b)), **EXACT)


def test_identical_runs_do_not_differ():
    assert statistics.paired_difference([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) == PairedTest(0.0, 0.0, 3, 1.0)


def test_a_constant_difference_is_certain_whatever_the_rounding():
    # 0.3 − 0.2 and 0.8 − 0.7 differ in the last bits.
    test = statistics.paired_difference([0.3, 0.8, 0.5], [0.2, 0.7, 0.4])
    assert (test.half_width, test.p_value) == (0.0, 0.0)
    assert test.mean == pytest.approx(0.1, **EXACT)


def test_rounding_alone_is_no_difference():
    test = statistics.paired_difference([0.1 + 0.2, 0.3, 0.6], [0.3, 0.1 + 0.2, 0.3 + 0.3])
    assert test.p_value == 1.0


def test_two_seeds_have_no_test():
    assert statistics.paired_difference([0.2, 0.4], [0.1, 0.1]) == PairedTest(pytest.approx(0.2), None, 2, None)


def test_seeds_that_all_have_one_result_have_no_interval():
    found = statistics.estimate([0.7] * 5)
    assert (found.mean, found.half_width, found.interval) == (pytest.approx(0.7, **EXACT), None, None)
    assert found.same_for_every_seed
    assert not statistics.estimate([0.7, 0.7, 0.7 + 1e-15]).same_for_every_seed
    assert not statistics.estimate([0.7, 0.7]).same_for_every_seed


def test_two_sides_that_each_have_one_result_are_no_sample_of_differences():
    test = statistics.paired_difference([0.7] * 3, [0.6] * 3)
    assert (test.mean, test.half_width, test.p_value) == (pytest.approx(0.1, **EXACT), None, None)
    assert statistics.paired_difference([0.7] * 3, [0.6, 0.61, 0.59]).p_value is not None


def test_unequal_lengths_cannot_be_paired():
    with pytest.raises(ValueError, match="3 and 2 values"):
        statistics.paired_difference([1, 2, 3], [1, 2])


# --- Holm


def test_holm_by_hand_with_a_test_that_could_not_be_made():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1, never decreasing.
    assert statistics.holm([0.02, None, 0.01, 0.04]) == [pytest.approx(0.04), None, pytest.approx(0.03), 0.04]
    assert statistics.holm([None]) == [None]
    assert statistics.holm([]) == []


def test_holm_is_that_of_statsmodels_to_the_last_bit():
    from statsmodels.stats.multitest import multipletests

    p_values = [*np.random.default_rng(0).uniform(0, 0.2, 36), 0.01, 0.01, 1.0]
    assert statistics.holm(p_values) == multipletests(p_values, method="holm")[1].tolist()


# --- share of the gap closed


def test_ratio_by_hand():
    share = statistics.bootstrap_ratio([0.7, 0.8, 0.9], [0.4, 0.5, 0.6], [0.9, 1.0, 0.9])
    assert share.ratio == pytest.approx(0.3 / (2.8 / 3 - 0.5), **EXACT)
    assert share.low < share.ratio < share.high


def test_ratio_of_constant_gaps_has_no_width():
    share = statistics.bootstrap_ratio([0.6, 0.7, 0.8], [0.4, 0.5, 0.6], [0.8, 0.9, 1.0])
    assert (share.low, share.ratio, share.high) == pytest.approx((0.5, 0.5, 0.5), **EXACT)


@pytest.mark.parametrize(
    "oracle",
    [
        pytest.param([0.6, 0.4, 0.5], id="none"),
        pytest.param([0.3, 0.3, 0.35], id="negative"),
    ],
)
def test_no_ratio_without_a_gap(oracle):
    share = statistics.bootstrap_ratio([0.7, 0.8, 0.9], [0.5, 0.5, 0.5], oracle)
    assert (share.ratio, share.low, share.high) == (None, None, None)
    assert (share.accuracy, share.source_only) == pytest.approx((0.8, 0.5), **EXACT)
    assert share.oracle == pytest.approx(np.mean(oracle), **EXACT)


def test_no_ratio_from_two_seeds():
    assert statistics.bootstrap_ratio([0.7, 0.8], [0.4, 0.5], [0.9, 1.0]).ratio is None


def test_a_resample_that_loses_the_gap_is_unbounded_not_an_error():
    ratios = statistics._ratios(np.array([1.0, -1.0, 1.0]), np.array([2.0, 0.0, -1.0]))
    assert ratios.tolist() == [0.5, -math.inf, math.inf]


def test_the_bootstrap_gives_the_same_interval_twice():
    arguments = [0.7, 0.85, 0.9], [0.4, 0.5, 0.6], [0.9, 1.0, 0.9]
    assert statistics.bootstrap_ratio(*arguments) == statistics.bootstrap_ratio(*arguments)


def test_ratio_interval_covers_the_truth():
    rng = np.random.default_rng(5)
    covered = 0
    for source_only in rng.normal(0.5, 0.03, (400, 5)):
        oracle, accuracy = source_only + rng.normal(0.4, 0.02, 5), source_only + rng.normal(0.2, 0.02, 5)
        share = statistics.bootstrap_ratio(accuracy, source_only, oracle, resamples=2000)
        covered += share.low <= 0.5 <= share.high
    # Plain percentiles cover in about 85 % with five seeds.
    assert 0.91 <= covered / 400 <= 0.99


# --- McNemar


def predictions(only_a, only_b):
    """Items that both, only a, only b and none have right."""
    both, neither = 40, 10
    a = [1] * both + [1] * only_a + [0] * only_b + [0] * neither
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return a, b


@pytest.mark.parametrize(("only_a", "only_b", "exact"), [(3, 9, True), (0, 0, True), (15, 9, True), (16, 9, False)])
def test_mcnemar_equals_statsmodels(only_a, only_b, exact):
    ours = statistics.mcnemar(*predictions(only_a, only_b))
    theirs = statsmodels_mcnemar([[40, only_a], [only_b, 10]], exact=exact)
    assert ours == statistics.McNemarTest(only_a, only_b, pytest.approx(float(theirs.pvalue), **EXACT), exact)


def test_mcnemar_by_hand():
    # One against five of six: 2 (C(6, 0) + C(6, 1)) / 2⁶
    assert statistics.mcnemar(*predictions(1, 5)).p_value == pytest.approx(14 / 64, **EXACT)


def test_mcnemar_refuses_other_items():
    with pytest.raises(ValueError, match="same items"):
        statistics.mcnemar([True], [True, False])
