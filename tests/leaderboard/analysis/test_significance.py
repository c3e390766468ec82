"""Tests over ten pairs and more, and their diagram."""

from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs
import scipy.stats
from statsmodels.stats.multitest import multipletests

from tlbench.evaluation.ranks import critical_difference
from tlbench.leaderboard.analysis.significance import DEPENDENT, WIDTH, diagram, groups
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import formats, render

SEEDS = [0]
NAMES = ["source-only", "dann", "fine-tune", "multi-task"]
GAINS = [0.0, 0.3, 0.28, 0.02]


def pairs_of(number):
    return [f"d{i}:d{j}" for i in range(5) for j in range(5) if i != j][:number]


def scores_of(number, gains=GAINS):
    """Scores of shape (strategies, pairs)."""
    rng = np.random.default_rng(3)
    return np.round(rng.uniform(0.2, 0.4, (len(gains), number)) + np.array(gains)[:, None], 4)


def tables(results, scores, names=NAMES, **options):
    """The tables of results with these scores, the first of them of source-only."""
    pairs = pairs_of(scores.shape[1])
    by_pair = [{pair: [float(score)] for pair, score in zip(pairs, row, strict=True)} for row in scores]
    results.transductive(dict(zip(names[1:], by_pair[1:], strict=True)), SEEDS, by_pair[0], oracle=0.99)
    return leaderboard(results.result_set(), **options)


def note(table, start):
    (found,) = [line for line in table.notes if line.startswith(start)]
    return found


# --- values


def test_values_are_those_of_scipy_and_scikit_posthocs(results):
    scores = scores_of(12)
    (table,) = tables(results, scores)
    theirs = scipy.stats.friedmanchisquare(*scores)
    f = 11 * theirs.statistic / (12 * 3 - theirs.statistic)
    assert note(table, "Friedman").startswith(
        f"Friedman's test (Iman and Davenport's F): F(3, 33) = {f:.2f}, p < 0.001: ranks differ"
    )
    # q of Demšar's table 5a for four strategies.
    distance = 2.569 * np.sqrt(4 * 5 / (6 * 12))
    assert f": {distance:.2f}. Within it: dann, fine-tune; multi-task, source-only." in note(table, "Critical")
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(scores.T).to_numpy() > 0.05
    assert {(i, j) for i, j in np.argwhere(nemenyi) if i < j} == {(0, 3), (1, 2)}


def test_wilcoxon_names_those_that_it_does_not_tell_apart(results):
    scores = scores_of(12)
    (table,) = tables(results, scores)
    couples = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    p_values = [scipy.stats.wilcoxon(scores[i], scores[j]).pvalue for i, j in couples]
    rejected = multipletests(p_values, method="holm")[0]
    assert [couple for couple, told in zip(couples, rejected, strict=True) if not told] == [(0, 3), (1, 2)]
    assert note(table, "Wilcoxon").endswith(
        "over 6 comparisons, does not tell apart dann from fine-tune; multi-task from source-only."
    )
    assert table.notes[-1] == DEPENDENT


def test_the_shorter_side_is_named(results):
    (table,) = tables(results, scores_of(12, [0.0, 0.0, 0.0, 0.0, 0.5]), [*NAMES, "winner"])
    assert "over 10 comparisons, tells apart only winner from " in note(table, "Wilcoxon")


def test_smaller_is_better_for_a_likelihood(make_results):
    (table,) = tables(make_results("nll", metrics=["nll"]), -scores_of(12))
    assert "Within it: dann, fine-tune; multi-task, source-only." in note(table, "Critical")


# --- where nothing, or less, is shown


def test_nine_pairs_show_ranks_only(results, at):
    (table,) = tables(results, scores_of(9))
    assert at(table, "dann", "rank").value
    assert table.diagram == ""
    assert not any(line.startswith(("Friedman", "Critical", "Wilcoxon", "Pairs")) for line in table.notes)


def test_what_was_chosen_by_test_scores_is_not_tested(results):
    scores = {pair: [{"last": 0.5, "target-test": 0.6}] for pair in pairs_of(12)}
    results.transductive({"dann": scores}, SEEDS, scores)
    result_set = results.result_set()
    (honest,), (dishonest,) = leaderboard(result_set), leaderboard(result_set, selection="target-test")
    assert honest.diagram
    assert (dishonest.diagram, DEPENDENT in dishonest.notes) == ("", False)


def test_columns_without_ranks_have_no_tests_of_them(results):
    (table,) = tables(results, scores_of(12), columns=["accuracy"])
    assert (table.diagram, DEPENDENT in table.notes) == ("", False)
    (table,) = leaderboard(results.result_set(), columns=["rank"])
    assert table.diagram


def test_two_strategies_have_no_friedman_test(results):
    (table,) = tables(results, scores_of(12, [0.0, 0.3]), NAMES[:2])
    assert not any(line.startswith("Friedman") for line in table.notes)
    assert "Within it: none." in note(table, "Critical")
    assert note(table, "Wilcoxon").endswith("over 1 comparison, tells all apart.")
    assert "===" not in table.diagram.partition("\n")[2]


def test_ties_are_no_failure(results):
    (table,) = tables(results, np.full((4, 10), 0.5))
    assert "p = 1.000: ranks are not shown to differ" in note(table, "Friedman")
    assert note(table, "Wilcoxon").endswith("tells no two apart.")
    assert table.diagram.count(" 2.50") == 4


def test_all_but_one_pair_tie(results):
    scores = np.full((3, 10), 0.5)
    scores[1, 0] = 0.6
    (table,) = tables(results, scores, NAMES[:3])
    assert note(table, "Wilcoxon").endswith("tells no two apart.")


def test_a_strategy_with_a_hole_is_not_among_them(results):
    pairs = pairs_of(10)
    scores = {name: {pair: [0.5 + index / 10] for pair in pairs} for index, name in enumerate(("dann", "holey"))}
    scores["holey"][pairs[0]] = [None]
    results.transductive(scores, SEEDS, {pair: [0.4] for pair in pairs})
    (table,) = leaderboard(results.result_set())
    assert "dann" in table.diagram
    assert "holey" not in table.diagram


# --- the diagram


def test_groups_are_the_largest_and_overlap():
    ranks = {"a": 1.0, "b": 1.5, "c": 2.2, "d": 3.4, "e": 5.0}
    assert groups(ranks, 1.3) == [["a", "b", "c"], ["c", "d"]]
    assert groups(ranks, 9) == [list(ranks)]
    assert groups(ranks, 0.1) == []
    # A difference of just the critical one is called.
    assert groups({"a": 1.0, "b": 2.0}, 1.0) == []


def test_names_stand_at_their_rank_and_bars_span_their_group():
    ranks = {"dann": 1.25, "fine-tune": 2.0, "source-only": 2.75}
    lines = diagram(ranks, 1.0, 12).splitlines()
    assert "12 pairs" in lines[0]
    # 36 characters a rank.
    assert lines[1] == f"|{'-' * 35}| critical difference 1.00"
    assert [lines[2].index(tick) for tick in "123"] == [0, 36, 72]
    assert [at for at, char in enumerate(lines[3]) if char == "|"] == [0, 36, 72]
    assert lines[4:] == [
        f"{'':9}o dann 1.25",
        f"{'':36}o fine-tune 2.00",
        "source-only 2.75 o".rjust(64),
        " " * 9 + "=" * 28,
        " " * 36 + "=" * 28,
    ]


@pytest.mark.parametrize("strategies", [2, 3, 7, 20, 40])
def test_diagrams_fit_whatever_the_names(strategies):
    long = {f"{'x' * 100}{index}": 1 + index * (strategies - 1) / strategies for index in range(strategies)}
    lines = diagram(long, critical_difference(strategies, 10), 10).splitlines()
    assert max(map(len, lines)) <= WIDTH
    ticks = [at for at, char in enumerate(lines[3]) if char == "|"]
    assert len(ticks) == strategies
    for tick in map(int, lines[2].split()):
        assert lines[2][ticks[tick - 1] :].startswith(str(tick))
    for rank, line in zip(long.values(), lines[4:], strict=False):
        at = round((rank - 1) * ticks[1])
        assert line[at] == "o"
        assert f"{rank:.2f}" in line


@pytest.mark.parametrize("form", [form for form in formats() if form not in ("csv", "json")])
def test_every_page_shows_the_diagram_as_it_is(results, form):
    made = tables(results, scores_of(10), ["source-only", "da`nn", "fi_ne|tune", "multi"])
    text = render(made, form)
    assert made[0].diagram in text
    assert text.index("Wilcoxon") < text.index(made[0].diagram)
    if form == "latex":
        assert all(ord(char) < 128 for char in text)
