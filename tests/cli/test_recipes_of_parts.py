"""Parts with a recipe of their own, run for real."""

from __future__ import annotations

import json

import pytest
from toy_suite import SUITE

OWN = """
[[part]]
setting = "transductive"
pairs = ["b:a"]
strategies = ["feature-extraction"]

[part.budget]
steps = 20

[part.training]
optimizer = "sgd"
nesterov = true
lr = 0.05
schedule = "inverse"
decay = 2.0

[[part]]
setting = "inductive"
shots = 5
pairs = ["a:b"]
strategies = ["fine-tune", "feature-extraction"]

[part.budget]
steps = 30
"""


@pytest.fixture
def ran(project):
    outcome = project.tlbench("run", project.suite(SUITE + OWN), "--workers", 1, "-q")
    assert outcome.code == 0, outcome.err
    return project, outcome


def steps_by_setting(cells, records):
    return {
        (cell["setting"], "+".join(cell["source"]), records[cell["run_key"]].budget.steps)
        for cell in cells
        if cell["run_key"] in records
    }


def test_two_recipes_for_one_cell_end_before_anything_runs(project):
    text = SUITE + OWN.replace('["b:a"]', '["a:b"]', 1)
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert "[[part]] 2: its recipe (steps = 20, optimizer = " in outcome.err
    assert not (project.folder / "results").exists()


def test_strategies_and_references_are_trained_by_the_recipe_of_their_part(ran):
    project, outcome = ran
    records = {record.run_key: record for record in project.records()}
    assert all(record.status == "ok" for record in records.values())
    cells = project.plan()["cells"]
    assert steps_by_setting(cells, records) == {
        ("transductive", "a", 40),
        ("transductive", "b", 20),
        ("inductive", "a", 30),
    }
    # A reference in a gap, A(∅, T) among them, has the recipe of what it is taken from.
    for cell in cells:
        ours = records[cell["run_key"]]
        for key in cell["references"].values():
            assert (records[key].budget, records[key].training) == (ours.budget, ours.training), cell["variant"]

    note = "more than one recipe; a:b: steps = 40"
    assert note in " ".join(outcome.out.split())
    assert "more than one recipe" not in outcome.out.split("inductive")[1]
    there = next(record for record in records.values() if record.budget.steps == 20)
    shown = project.tlbench("show", there.run_key, plugin=False).out
    assert "20 steps of 16 per role" in shown
    assert "sgd with Nesterov momentum 0.9, learning rate 0.05, inverse schedule with decay 2" in shown


def test_source_models_are_shared_within_a_recipe_alone_and_another_recipe_is_run_anew(ran):
    project, _ = ran
    models = list((project.folder / "cache" / "source-models").iterdir())
    assert {folder.name for folder in models} == {r.spec.source_model().key for r in project.records() if r.source}
    assert len(models) == 3  # a by two budgets, b by its own recipe

    again, other = (
        json.loads(project.tlbench("plan", project.suite(text), "--json").out)
        for text in (SUITE + OWN, SUITE + OWN.replace("decay = 2.0", "decay = 3.0"))
    )
    assert again["to_do"] == {}
    # The oracle is a run of the setting `inductive`, whatever it is a reference of.
    names = ("source-only (transductive)", "feature-extraction (transductive)", "oracle (inductive)")
    assert other["to_do"] == dict.fromkeys(names, 1)
    assert other["shared_trainings"] == 1
