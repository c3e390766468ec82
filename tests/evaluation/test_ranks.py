"""Ranks and their tests against hand-computed values and the libraries' own results."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from tlbench.evaluation import ranks

EXACT = {"abs": 1e-12, "rel": 1e-12}


@pytest.fixture
def scores():
    rng = np.random.default_rng(6)
    return rng.random((4, 12)) + np.array([[0.0], [0.1], [0.3], [0.6]])


def test_average_ranks_by_hand():
    table = [[0.9, 0.8, 0.7], [0.9, 0.6, 0.8], [0.1, 0.7, 0.6]]
    # Per pair: 1.5 1.5 3 · 1 3 2 · 2 1 3
    found = [estimate.rank for estimate in ranks.average_ranks(table)]
    assert found == pytest.approx([4.5 / 3, 5.5 / 3, 8 / 3], **EXACT)


def test_average_ranks_equal_pandas(scores):
    expected = pd.DataFrame(scores).rank(ascending=False).mean(axis=1)
    frame = pd.DataFrame(scores, index=["a", "b", "c", "d"])
    assert [estimate.rank for estimate in ranks.average_ranks(frame)] == pytest.approx(list(expected), **EXACT)


def test_seeds_are_averaged_before_ranking():
    # Both means are 0.2, one of them a bit off: a tie.
    table = [[[0.1, 0.4, 0.1]], [[0.2, 0.2, 0.2]]]
    assert np.mean(table[0]) != np.mean(table[1])
    assert [estimate.rank for estimate in ranks.average_ranks(table)] == [1.5, 1.5]


def test_rank_intervals():
    always_best = np.array([np.ones(12), np.zeros(12)])
    assert ranks.average_ranks(always_best)[0] == ranks.RankEstimate(1.0, 1.0, 1.0)
    mixed = np.array([[1, 0] * 6, [0, 1] * 6])
    half = ranks.average_ranks(mixed)[0]
    # Twelve draws of rank 1 or 2: the interval is near 1.5 ± t √(0.25 / 11) with t = 2.201.
    assert (half.low, half.rank, half.high) == pytest.approx((1.5 - 0.332, 1.5, 1.5 + 0.332), abs=0.05)


def test_two_pairs_have_no_rank_interval():
    assert ranks.average_ranks([[1, 2], [2, 1]])[0] == ranks.RankEstimate(1.5, None, None)


@pytest.mark.parametrize("function", [ranks.average_ranks, ranks.friedman, ranks.wilcoxon_holm])
def test_a_hole_is_refused(function, scores):
    scores[1, 3] = np.nan
    with pytest.raises(ValueError, match="1 of 48 cells have no score"):
        function(scores)


def test_friedman_is_iman_and_davenports_form_of_scipys(scores):
    theirs = scipy.stats.friedmanchisquare(*scores).statistic
    ours = ranks.friedman(scores)
    f = (12 - 1) * theirs / (12 * (4 - 1) - theirs)
    assert ours.degrees == (3, 33)
    assert (ours.statistic, ours.p_value) == pytest.approx((f, scipy.stats.f.sf(f, 3, 33)), **EXACT)


def test_friedman_equals_the_analysis_of_variance_of_ranks(scores):
    """Conover 1999: Iman and Davenport's statistic is the two-way F on the ranks."""
    table = scipy.stats.rankdata(scores, axis=0)
    between = 12 * ((table.mean(axis=1) - table.mean()) ** 2).sum() / 3
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    assert ranks.friedman(scores).statistic == pytest.approx(between / ((rest**2).sum() / 33), **EXACT)


def test_friedman_where_every_pair_ranks_alike():
    found = ranks.friedman(np.arange(3.0)[:, None] + np.zeros((3, 10)))
    assert (found.statistic, found.p_value) == (np.inf, 0.0)


def test_wilcoxon_holm_equals_scipy(scores):
    couples = list(combinations(range(4), 2))
    p_values = [scipy.stats.wilcoxon(scores[i], scores[j]).pvalue for i, j in couples]
    order, running, expected = np.argsort(p_values), 0.0, {}
    for step, position in enumerate(order):
        running = max(running, min(1.0, p_values[position] * (len(couples) - step)))
        expected[couples[position]] = running
    assert ranks.wilcoxon_holm(scores) == pytest.approx(expected, **EXACT)


def test_strategies_that_tie_everywhere():
    table = np.ones((3, 10))
    assert ranks.friedman(table) == ranks.FriedmanTest(0.0, (2, 18), 1.0)
    assert ranks.wilcoxon_holm(table) == {(0, 1): 1.0, (0, 2): 1.0, (1, 2): 1.0}


def test_critical_difference_of_demsars_table():
    # q at 0.05 is 1.960 for two strategies, 2.343 for three and 2.728 for five (Demšar 2006, table 5a).
    for strategies, q in [(2, 1.960), (3, 2.343), (5, 2.728)]:
        expected = q * math.sqrt(strategies * (strategies + 1) / (6 * 30))
        assert ranks.critical_difference(strategies, 30) == pytest.approx(expected, rel=3e-4)


def test_nemenyi_agrees_with_the_critical_difference(scores):
    p_values = ranks.nemenyi(scores)
    found = [estimate.rank for estimate in ranks.average_ranks(scores)]
    distance = ranks.critical_difference(4, 12)
    called = {couple for couple, p in p_values.items() if p < 0.05}
    assert called == {(i, j) for i, j in p_values if abs(found[i] - found[j]) > distance}
    assert called and len(called) < len(p_values)


@pytest.mark.parametrize("function", [ranks.friedman, ranks.wilcoxon_holm, ranks.nemenyi])
def test_below_ten_pairs_there_are_ranks_only(function, scores):
    assert function(scores[:, :10]) is not None
    assert function(scores[:, :9]) is None
    assert ranks.critical_difference(4, 9) is None
