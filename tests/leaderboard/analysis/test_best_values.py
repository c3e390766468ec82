"""Bold: the best of a column, and only where the difference to the next is more than chance."""

from __future__ import annotations

import pytest

from tlbench.leaderboard.analysis.best_values import best
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import render

SEEDS = [0, 1, 2, 3, 4]


def by_seed(*values):
    return dict(enumerate(values))


def test_nothing_is_best_of_one_or_of_none():
    assert best({}) is None
    assert best({"a": by_seed(0.5, 0.6, 0.7)}) is None


def test_nothing_is_best_where_the_next_has_other_seeds_or_seeds_are_few():
    assert best({"a": {0: 0.9, 1: 0.91, 2: 0.92}, "b": {0: 0.1, 1: 0.12, 3: 0.11}}) is None
    assert best({"a": by_seed(0.9, 0.91), "b": by_seed(0.1, 0.12)}) is None


def test_a_difference_within_the_noise_of_seeds_makes_none_the_best():
    assert best({"a": by_seed(0.5, 0.9, 0.7), "b": by_seed(0.8, 0.5, 0.75)}) is None


def test_the_difference_is_paired_so_that_what_varies_with_the_seed_alike_does_not_hide_it():
    assert best({"a": by_seed(0.50, 0.81, 0.71), "b": by_seed(0.45, 0.75, 0.66)}) == "a"


def test_of_errors_the_smallest_is_best():
    found = {"a": by_seed(0.50, 0.81, 0.71), "b": by_seed(0.45, 0.75, 0.66)}
    assert best(found, lower_is_better=True) == "b"


@pytest.fixture
def result_set(results):
    pairs = {"syn:uci": [0.50, 0.52, 0.51, 0.49, 0.50]}
    results.transductive({"dann": {"syn:uci": [0.70, 0.73, 0.72, 0.69, 0.70]}}, SEEDS, pairs)
    return results.result_set()


@pytest.mark.parametrize("by", ["strategy", "pair"])
def test_the_oracle_is_a_ceiling_and_never_bold(result_set, by):
    (table,) = leaderboard(result_set, by=by)
    assert {row[0].text for row in table.rows if any(cell.best for cell in row)} == {"dann"}


@pytest.mark.parametrize(
    ("form", "bold"), [("latex", r"\textbf{70.8"), ("markdown", "**70.8"), ("html", "<strong>70.8")]
)
def test_formats_that_have_bold_show_it_and_say_what_it_means(result_set, form, bold):
    text = render(leaderboard(result_set), form)
    assert bold in text
    assert "bold: the best but oracle" in text


def test_what_is_chosen_on_target_test_labels_is_never_bold(results):
    scores = {"last": 0.5, "target-test": 0.5}
    better = [{"last": 0.7 + seed / 100, "target-test": 0.8 + seed / 100} for seed in SEEDS]
    results.transductive({"dann": {"syn:uci": better}}, SEEDS, {"syn:uci": [scores] * 5}, oracle=scores)
    (table,) = leaderboard(results.result_set(), selection="target-test")
    assert not table.bold
