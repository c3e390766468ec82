"""More than one recipe in a table, and a recipe in words."""

from __future__ import annotations

import pytest

from tlbench.core.recipe import in_words
from tlbench.core.run_spec import Budget, Training
from tlbench.leaderboard.leaderboard import leaderboard

PAIRS = ("syn:uci", "uci:syn", "uci_m:uci")


@pytest.fixture
def trained(results):
    """`trained(pair=recipe)` is a result set on which each pair has its recipe."""

    def trained(**recipes):
        scores = {pair: [0.5] for pair in PAIRS}
        results.transductive({"dann": scores}, [0], scores)
        for cell in results.cells:
            cell["recipe"] = recipes.get(f"{cell['source'][0]}_{cell['target']}")
        return results.result_set()

    return trained


def recipe(steps=600, **training):
    return {"budget": Budget(steps=steps).model_dump(), "training": Training(**training).model_dump()}


def lines(result_set, **options):
    tables = leaderboard(result_set, **options)
    return [[note for note in table.notes if note.startswith("more than one recipe")] for table in tables]


def test_a_plan_from_before_recipes_were_kept_says_nothing(trained):
    assert lines(trained()) == [[]]


def test_one_recipe_needs_no_words(trained):
    same = {name: recipe(lr=0.1) for name in ("syn_uci", "uci_syn", "uci_m_uci")}
    assert lines(trained(**same)) == [[]]


@pytest.mark.parametrize("options", [{}, {"by": "pair"}, {"selection": "all"}], ids=str)
def test_pairs_stand_beside_what_sets_their_recipe_apart(trained, options):
    result_set = trained(syn_uci=recipe(lr=0.1), uci_syn=recipe(300, lr=0.01), uci_m_uci=recipe(lr=0.1))
    expected = "more than one recipe; syn:uci, uci_m:uci: steps = 600, lr = 0.1; uci:syn: steps = 300, lr = 0.01"
    assert lines(result_set, **options) == [[expected]]


def test_keys_that_a_recipe_does_not_use_are_left_out_of_its_words(trained):
    inverse = recipe(optimizer="sgd", schedule="inverse", decay=2.5)
    result_set = trained(syn_uci=recipe(), uci_syn=inverse, uci_m_uci=recipe())
    first = 'syn:uci, uci_m:uci: optimizer = "adamw", schedule = "cosine"'
    second = 'uci:syn: optimizer = "sgd", schedule = "inverse", nesterov = false, decay = 2.5'
    assert lines(result_set) == [[f"more than one recipe; {first}; {second}"]]


def test_the_frame_has_no_column_of_recipes(trained):
    assert "recipe" not in trained(syn_uci=recipe()).frame.columns


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({}, "adamw, learning rate 0.001, cosine schedule"),
        (
            {"optimizer": "sgd", "nesterov": True, "schedule": "inverse", "decay": 2.5, "weight_decay": 5e-4},
            "sgd with Nesterov momentum 0.9, learning rate 0.001, inverse schedule with decay 2.5, weight decay 0.0005",
        ),
        ({"backbone_lr": 0.1}, "adamw, learning rate 0.001 (backbone: ×0.1), cosine schedule"),
        ({"optimizer": "sgd", "momentum": 0.0}, "sgd, learning rate 0.001, cosine schedule"),
    ],
)
def test_a_recipe_in_words_names_what_is_used(training, words):
    assert in_words(Training(**training)) == words
