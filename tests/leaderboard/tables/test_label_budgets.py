"""Label budgets in order, as headings and in sentences."""

from __future__ import annotations

import pytest

from tlbench.leaderboard.tables.label_budgets import in_words, meaning, name, order, short


def test_numbers_stand_before_shares_and_all_is_last():
    budgets = ["all", 100, "50 examples", 0.5, 5, 0.1, "8 examples", 20]
    assert sorted(budgets, key=order) == [5, 20, 100, 0.1, 0.5, "8 examples", "50 examples", "all"]


def test_names_and_headings():
    assert [name(shots) for shots in (1, 0.1, "all")] == ["1", "0.1", "all"]
    assert [short(shots) for shots in (1, 5, 0.125, "all")] == ["1 shot", "5 shots", "12.5 %", "all"]
    assert name("50 examples") == short("50 examples") == "50 examples"


def test_only_what_stands_in_a_table_is_explained():
    assert meaning([5, 20]) == "shots: labelled target examples per class"
    assert meaning(["8 examples"]) == "examples: labelled target examples in all, in the shares of the classes"
    assert meaning([0.1, "all"]) == "%: a share of each class of the target; all: all target labels"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({5: "helps"}, "helps at 5 labels per class"),
        # Nothing is said of the budgets between.
        (
            {2: "helps", 5: "no gap", 10: "no gap", 20: "helps"},
            "helps at 2 labels per class; no gap at 5 and 10; helps at 20",
        ),
        ({1: "helps", 5: "helps", 0.5: "helps"}, "helps at 1 and 5 labels per class and at 50 % of each class"),
        ({1: "helps", "all": "hurts"}, "helps at 1 label per class; hurts with all"),
        ({5: "helps", 20: "helps", "all": "helps"}, "helps at 5 and 20 labels per class and with all"),
        (
            {5: "helps", 20: "helps", 100: "undecided", "all": "hurts"},
            "helps at 5 and 20 labels per class; undecided at 100; hurts with all",
        ),
        (
            {1: "undecided", 5: "helps", 20: "helps", "all": "undecided"},
            "undecided at 1 label per class; helps at 5 and 20; undecided with all",
        ),
        ({1: "hurts", 5: "helps", "all": "helps"}, "hurts at 1 label per class; helps at 5 and with all"),
        (
            {5: "hurts", 0.1: "helps", 0.5: "helps"},
            "hurts at 5 labels per class; helps at 10 % and 50 % of each class",
        ),
        ({0.1: "helps", 0.5: "helps", "all": "hurts"}, "helps at 10 % and 50 % of each class; hurts with all"),
        (
            {"8 examples": "hurts", "50 examples": "helps", "all": "helps"},
            "hurts at 8 labels in all; helps at 50 and with all",
        ),
        (
            {1: "helps", "1 example": "helps"},
            "helps at 1 label per class and at 1 label in all",
        ),
        (
            {5: "helps", 20: "helps", 0.1: "helps", "all": "hurts"},
            "helps at 5 and 20 labels per class and at 10 % of each class; hurts with all",
        ),
    ],
)
def test_neighbours_of_which_the_same_holds_are_one_clause(said, words):
    assert in_words(said) == words
