"""Statistics against hand-computed values, the libraries' own results, and simulations with known effects."""

from __future__ import annotations

import gc
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
    assert statistics.verdicts([test]) == ["undecided"]
    assert statistics.paired_difference([0.7] * 3, [0.6, 0.61, 0.59]).p_value is not None


def test_unequal_lengths_cannot_be_paired():
    with pytest.raises(ValueError, match="3 and 2 values"):
        statistics.paired_difference([1, 2, 3], [1, 2])


# --- Holm and verdicts


def test_holm_by_hand_with_a_test_that_could_not_be_made():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1, never decreasing.
    assert statistics.holm([0.02, None, 0.01, 0.04]) == [pytest.approx(0.04), None, pytest.approx(0.03), 0.04]
    assert statistics.holm([None]) == [None]
    assert statistics.holm([]) == []


def test_holm_is_that_of_statsmodels_to_the_last_bit():
    from statsmodels.stats.multitest import multipletests

    p_values = [*np.random.default_rng(0).uniform(0, 0.2, 36), 0.01, 0.01, 1.0]
    assert statistics.holm(p_values) == multipletests(p_values, method="holm")[1].tolist()


def test_verdicts_have_the_sign_of_an_error():
    cells = [PairedTest(0.1, 0.05, 5, 0.01), PairedTest(-0.1, 0.05, 5, 0.01), PairedTest(0.1, 0.2, 5, 0.3), None]
    assert statistics.verdicts(cells) == ["hurts", "helps", "undecided", "undecided"]


def test_verdicts_are_corrected_over_the_cells():
    cell = PairedTest(0.1, 0.09, 5, 0.03)
    assert statistics.verdicts([cell]) == ["hurts"]
    assert statistics.verdicts([cell, cell]) == ["undecided", "undecided"]


def test_too_few_seeds_are_undecided():
    assert statistics.verdicts([statistics.paired_difference([0.9, 0.9], [0.1, 0.1])]) == ["undecided"]


TABLES, CELLS, SEEDS = 1000, 12, 5


@pytest.fixture
def quick_collection():
    """Statsmodels' Holm collects garbage at every call: leave out what the imported libraries keep alive."""
    gc.freeze()
    yield
    gc.unfreeze()


def simulated_verdicts(effects, rng):
    """Verdicts of 1,000 tables of shape (cells,); `effects` are in standard deviations of the paired difference."""
    base, noise = rng.uniform(0.1, 0.5, (TABLES, CELLS, SEEDS)), rng.normal(0, 0.02, (TABLES, CELLS, SEEDS))
    changed = base + noise + 0.02 * np.reshape(effects, (CELLS, 1))
    return np.array(
        [
            statistics.verdicts([statistics.paired_difference(a, b) for a, b in zip(with_source, without, strict=True)])
            for with_source, without in zip(changed, base, strict=True)
        ]
    )


def power(effect, alpha):
    """Of the two-sided t test to call the effect with its right sign: the upper tail of the noncentral t."""
    critical = scipy.stats.t.ppf(1 - alpha / 2, SEEDS - 1)
    return scipy.stats.nct.sf(critical, SEEDS - 1, effect * math.sqrt(SEEDS))


@pytest.mark.usefixtures("quick_collection")
def test_false_verdicts_in_five_percent_of_tables_without_an_effect():
    verdicts = simulated_verdicts(np.zeros(CELLS), np.random.default_rng(2))
    false = int((verdicts != "undecided").any(axis=1).sum())
    # Independent cells, all null: Holm errs where the least p is below 0.05 / 12.
    expected = 1 - (1 - 0.05 / CELLS) ** CELLS
    low, high = scipy.stats.binom.interval(0.999, TABLES, expected)
    assert low <= false <= high
    # *helps* and *hurts* are equally likely.
    hurts = int((verdicts == "hurts").sum())
    assert scipy.stats.binomtest(hurts, int((verdicts != "undecided").sum())).pvalue > 0.001


@pytest.mark.usefixtures("quick_collection")
def test_missed_harm_is_what_the_noncentral_t_says():
    effect = 4.0
    verdicts = simulated_verdicts(effect * np.eye(CELLS)[3], np.random.default_rng(3))
    missed = int((verdicts[:, 3] != "hurts").sum())
    # One true effect: nearly always its p is the least of twelve, so Bonferroni's level applies; a false verdict
    # elsewhere (at most 5 % of tables) can only lower the bar to the next step.
    most = scipy.stats.binom.ppf(0.9995, TABLES, 1 - power(effect, 0.05 / CELLS))
    least = scipy.stats.binom.ppf(0.0005, TABLES, 1 - 0.95 * power(effect, 0.05 / CELLS) - 0.05 * power(effect, 0.05))
    assert 0 < least <= missed <= most < TABLES
    others = np.delete(verdicts, 3, axis=1)
    assert (others != "undecided").any(axis=1).sum() <= scipy.stats.binom.ppf(0.9995, TABLES, 0.05)


@pytest.mark.usefixtures("quick_collection")
def test_missed_help_lies_between_holms_first_and_last_step():
    effect = 2.0
    verdicts = simulated_verdicts(np.full(CELLS, -effect), np.random.default_rng(4))
    found = (verdicts == "helps").mean(axis=0)
    margin = 3.5 * math.sqrt(0.25 / TABLES)
    assert power(effect, 0.05 / CELLS) - margin <= found.min()
    assert found.max() <= power(effect, 0.05) + margin
    # Stepping down gains power over Bonferroni.
    assert found.mean() > power(effect, 0.05 / CELLS) + margin
    assert not (verdicts == "hurts").any()


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
