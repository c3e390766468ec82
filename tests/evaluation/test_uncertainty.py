"""Uncertainty over seeds and test items: by hand, by libraries, and by simulated tables with known effects."""

import numpy as np
import pytest
import scipy.stats
from simulated_tables import Shape, simulated_table, true_difference
from statsmodels.stats.contingency_tables import mcnemar

from tlbench.evaluation.uncertainty import (
    NO_PRIOR,
    CrossedDifference,
    Prior,
    crossed_difference,
    difference_test,
    prior_of,
    seed_difference,
)


def test_arrays_of_other_seeds_are_refused():
    with pytest.raises(ValueError, match="not \\(seeds, items\\) of the same seeds"):
        crossed_difference([np.zeros((3, 5)), np.zeros((4, 5))])
    with pytest.raises(ValueError, match="not \\(seeds, items\\)"):
        crossed_difference([np.zeros((0, 5))])
    with pytest.raises(ValueError, match="not \\(seeds, items\\)"):
        crossed_difference([])


def test_the_mean_is_the_mean_over_seeds_and_items():
    rng = np.random.default_rng(0)
    first, second = rng.integers(-1, 2, (5, 40)), rng.integers(-1, 2, (5, 30))
    assert crossed_difference([first]).mean == pytest.approx(first.mean())
    both = crossed_difference([first / 2, second / 2])
    assert both.mean == pytest.approx((first.mean() + second.mean()) / 2)
    assert both.items == 70


def test_one_seed_without_items_is_no_test():
    assert difference_test(seed_difference([0.1])) is None


def test_seeds_alone_are_students_paired_test():
    differences = [0.01, 0.03, -0.01, 0.02, 0.04]
    test = difference_test(seed_difference(differences))
    theirs = scipy.stats.ttest_1samp(differences, 0)
    assert test.p_value == pytest.approx(theirs.pvalue)
    assert test.interval() == pytest.approx(tuple(theirs.confidence_interval(0.95)))


@pytest.mark.parametrize(("only_a", "only_b"), [(1, 0), (4, 0), (6, 0), (9, 2), (20, 8), (60, 30)])
def test_one_seed_is_close_to_mcnemars_test(only_a, only_b):
    items = np.zeros(500)
    items[:only_a], items[only_a : only_a + only_b] = 1, -1
    ours = difference_test(crossed_difference([items[None]])).p_value
    exact = mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue
    mid = exact - scipy.stats.binom.pmf(min(only_a, only_b), only_a + only_b, 0.5)
    assert mid - 0.03 <= ours <= exact + 0.01


def test_five_seeds_that_copy_one_result_are_no_more_certain_than_its_items():
    items = np.zeros(200)
    items[0] = 1
    test = difference_test(crossed_difference([np.tile(items, (5, 1))]))
    assert test.p_value > 0.3


def test_a_prior_of_one_variance_is_found():
    rng = np.random.default_rng(1)
    cells = [seed_difference(rng.normal(0, 0.02, 5)) for _ in range(2000)]
    prior = prior_of(cells)
    assert prior.variance == pytest.approx(0.02**2, rel=0.05)
    assert prior.df > 50


@pytest.mark.parametrize("df", [4.0, 10.0])
def test_a_prior_of_variances_that_differ_is_found(df):
    rng = np.random.default_rng(2)
    variances = 0.0004 * df / rng.chisquare(df, 4000)
    cells = [seed_difference(rng.normal(0, np.sqrt(variance), 5)) for variance in variances]
    prior = prior_of(cells)
    assert prior.df == pytest.approx(df, rel=0.25)
    assert prior.variance == pytest.approx(0.0004, rel=0.1)


def test_cells_that_do_not_vary_take_no_part_in_the_prior():
    still = CrossedDifference(0.1, 0.0, 0.001, 5, 100)
    varying = [seed_difference(np.random.default_rng(seed).normal(0, 0.02, 5)) for seed in range(30)]
    assert prior_of([*varying, *[still] * 30]) == prior_of(varying)
    assert prior_of([still] * 30) == NO_PRIOR


def test_a_prior_pulls_a_lucky_variance_up():
    lucky = CrossedDifference(0.01, 1e-7, 0.0, 5, 0)
    assert difference_test(lucky, Prior(8.0, 0.0004)).p_value > 0.05 > difference_test(lucky).p_value


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(seeds=3), Shape(items=100), Shape(items=2000, seed=0.4, cells=8), Shape(items=50)]
)
def test_intervals_cover_in_about_95_percent_over_seeds_and_items(shape):
    rng, covered = np.random.default_rng(3), []
    effects = np.linspace(-0.5, 0.5, shape.cells)
    true = [true_difference(shape, effect) for effect in effects]
    for _ in range(100):
        cells = [crossed_difference([array]) for array in simulated_table(shape, effects, rng)]
        prior = prior_of(cells)
        for cell, truth in zip(cells, true, strict=True):
            low, high = difference_test(cell, prior).interval()
            covered.append(low <= truth <= high)
    assert 0.925 <= np.mean(covered) <= 0.98


def test_a_shared_test_set_is_counted_once():
    """Two pairs of one target whose differences are the same have the error of one, not of √½ of it."""
    rng = np.random.default_rng(4)
    array = np.tile(rng.integers(-1, 2, 300).astype(float), (5, 1))
    one = difference_test(crossed_difference([array]))
    both = difference_test(crossed_difference([array / 2 + array / 2]))
    assert both == one
    apart = difference_test(crossed_difference([array / 2, rng.permutation(array, axis=1) / 2]))
    assert apart.error == pytest.approx(one.error * np.sqrt(0.5), rel=0.02)
