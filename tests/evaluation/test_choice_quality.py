from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from tlbench.evaluation.choice_quality import choice_quality, mean_over_cells, spearman


def test_a_choice_loses_to_the_best_and_wins_over_the_mean():
    found = choice_quality([1.0, 3.0, 2.0], [0.5, 0.7, 0.9], chosen=1)
    assert (found.regret, found.gain, found.possible) == pytest.approx((0.2, 0.0, 0.2))
    assert found.correlation == pytest.approx(0.5)
    assert found.tied is False


def test_candidates_without_a_rating_could_have_been_chosen_and_have_no_correlation():
    found = choice_quality([None, 1.0, 2.0], [0.9, 0.1, 0.2], chosen=2)
    assert found.regret == pytest.approx(0.7)
    assert found.gain == pytest.approx(-0.2)
    assert found.correlation == pytest.approx(1.0)


def test_two_that_are_rated_best_are_a_tie_and_two_that_are_rated_worst_are_none():
    assert choice_quality([1.0, 1.0, 0.0], [0.1, 0.2, 0.3], 0).tied
    assert not choice_quality([1.0, 0.0, 0.0], [0.1, 0.2, 0.3], 0).tied


@pytest.mark.parametrize("seed", range(4))
def test_spearman_equals_scipy_with_ties(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, 20), rng.standard_normal(20)
    assert spearman(a, b) == pytest.approx(scipy.stats.spearmanr(a, b).statistic, abs=1e-12)


def test_what_is_shut_out_ranks_last():
    assert spearman([-math.inf, 1.0, 2.0], [0.1, 0.2, 0.3]) == pytest.approx(1.0)


def test_what_is_the_same_of_all_has_no_correlation():
    assert spearman([1.0, 1.0], [0.1, 0.2]) is None
    assert spearman([1.0, 2.0], [0.1, 0.1]) is None


def test_a_mean_of_two_cells_has_no_interval_and_one_of_many_has():
    assert mean_over_cells([0.1, 0.3]).low is None
    found = mean_over_cells([0.1, 0.2, 0.3, 0.4])
    assert found.mean == pytest.approx(0.25)
    assert found.low < 0.25 < found.high


def test_a_mean_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no cells"):
        mean_over_cells([])
