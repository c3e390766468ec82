"""Verdicts on cells and strategies, and the probability of harm, on tables whose effects are known."""

import numpy as np
import pytest
import scipy.stats
from simulated_tables import Shape, simulated_table, true_difference
from verdict_simulation import simulate

from tlbench.evaluation.harm_probability import harm_probability
from tlbench.evaluation.uncertainty import CrossedDifference, crossed_difference
from tlbench.evaluation.verdicts import ROPE, benjamini_hochberg, cell_decisions, strategy_decisions


def cell(mean, error=0.005, seeds=5):
    return CrossedDifference(mean, seeds * error**2, 0.0, seeds, 0)


def verdicts(*cells, **options):
    return [decision.verdict for decision in cell_decisions(cells, **options)]


def test_no_cells_no_verdicts():
    assert cell_decisions([]) == []
    assert strategy_decisions([]) == []
    assert harm_probability([None], rope=ROPE) is None


def test_the_verdicts_by_hand():
    assert verdicts(cell(0.1), cell(-0.1), cell(0.001, 0.002), cell(0.02, 0.02), None) == [
        "hurts",
        "helps",
        "no matter",
        "unknown",
        "unknown",
    ]


def test_a_certain_but_tiny_difference_does_not_matter():
    assert verdicts(cell(0.004, 0.0005)) == ["no matter"]
    assert verdicts(cell(0.004, 0.0005), rope=0.001) == ["hurts"]


def test_a_failed_training_is_no_harm_and_takes_no_part():
    broken = cell(0.6, 0.3)
    decisions = cell_decisions([broken, cell(0.1), cell(0.2), cell(0.15)], [True, False, False, False])
    assert decisions[0].verdict == "training failed"
    assert decisions[0].test is None
    assert decisions[1:] == cell_decisions([cell(0.1), cell(0.2), cell(0.15)])


def test_benjamini_hochberg_is_scipys():
    p_values = np.random.default_rng(0).uniform(0, 0.3, 20)
    assert benjamini_hochberg(list(p_values)) == pytest.approx(scipy.stats.false_discovery_control(p_values))
    assert benjamini_hochberg([None, 0.01, None]) == [None, 0.01, None]


def test_few_of_the_decided_cells_are_false_and_power_is_several_times_that_of_seeds_alone():
    """Effects of about 8 points in two of twelve cells; the paired t test with Holm finds a quarter of them."""
    rng, shape = np.random.default_rng(1), Shape()
    effects = np.array([0.0] * 10 + [-0.5] * 2)
    false, found = [], []
    for _ in range(150):
        decided = [
            decision.verdict in ("helps", "hurts")
            for decision in cell_decisions([crossed_difference([d]) for d in simulated_table(shape, effects, rng)])
        ]
        false.append(sum(decided[:10]) / max(1, sum(decided)))
        found.append(np.mean(decided[10:]))
    assert np.mean(false) <= 0.08
    assert np.mean(found) >= 0.5


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("strategies", [1, 6])
def test_strategies_without_an_effect_are_decided_in_at_most_five_percent_of_tables(seeds, strategies):
    """Three seeds whose variance is small by luck are no certainty."""
    rng, shape, wrong = np.random.default_rng(2), Shape(cells=strategies, items=450, seeds=seeds, seed=0.3), 0
    for _ in range(300):
        rows = [crossed_difference([d]) for d in simulated_table(shape, np.zeros(strategies), rng)]
        wrong += any(decision.verdict in ("helps", "hurts") for decision in strategy_decisions(rows))
    assert wrong <= scipy.stats.binom.ppf(0.999, 300, 0.05)


def test_a_simulated_table_of_the_page_is_as_the_page_says():
    """A few of the 1,000 tables that `tox -e statistics` makes of each shape."""
    before, now, _ = simulate(Shape(strategies=2), 40, np.random.default_rng(0))
    assert 0.93 <= np.mean(now.covered) <= 0.97
    assert np.mean(now.false) <= 0.08
    assert np.mean(now.found) > 3 * np.mean(before.found)


@pytest.mark.parametrize("harmful", [0.0, 0.25, 0.75, 1.0])
def test_the_probability_of_harm_is_near_the_share_of_pairs_that_are_harmed(harmful):
    rng, shape = np.random.default_rng(3), Shape(items=2000, seed=0.1)
    means, covered = [], []
    for _ in range(30):
        effects = np.where(rng.random(12) < harmful, -0.5, 0.0)
        decisions = cell_decisions([crossed_difference([d]) for d in simulated_table(shape, effects, rng)])
        found = harm_probability([decision.test for decision in decisions], rope=ROPE)
        means.append(found.mean)
        covered.append(found.low - 0.03 <= harmful <= found.high + 0.03)
    assert true_difference(shape, -0.5) > ROPE
    assert np.mean(means) == pytest.approx(harmful, abs=0.1)
    assert np.mean(covered) >= 0.85
