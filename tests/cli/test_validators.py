"""`tlbench leaderboard --validators`, from runs and from published folders."""

from __future__ import annotations

import json

import pytest
from toy_suite import SUITE

from tlbench.evaluation.selection import OF_CHECKPOINTS

GRID = (
    SUITE.replace("[[part]]", "[training]\nlr = 0.02\n\n[[part]]").replace('["feature-extraction"]', '["dann-grid"]')
    + """
[strategies.dann-grid]
use = "dann"
grid = { adversarial_weight = [0.0, 30.0] }
"""
)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["toy", "twin"], "one suite makes one leaderboard, and 2 are given: toy, twin"),
        (["toy", "--validators", "--metric", "accuracy"], "takes no --metric"),
        (["toy", "--validators", "--claims", "--by", "pair"], "takes no --claims, --by"),
        (["toy", "--validators", "--columns", "wonn"], "did you mean 'won'"),
        (["nowhere", "--validators"], "no records in"),
    ],
)
def test_what_does_not_go_together_is_said(project, options, told):
    project.tlbench("run", project.suite(GRID))
    outcome = project.tlbench("leaderboard", *options, plugin=False)
    assert outcome.code == 2
    assert told in " ".join(outcome.err.split())


def test_a_suite_without_a_choice_says_what_would_make_one(project):
    clusters = SUITE.replace('"transductive"', '"unsupervised"').replace('"feature-extraction"', '"k-means"')
    assert project.tlbench("run", project.suite(clusters)).code == 0
    outcome = project.tlbench("leaderboard", "toy", "--validators", plugin=False)
    assert outcome.code == 2
    assert "nothing to choose" in outcome.err
    assert "give a strategy a grid" in " ".join(outcome.err.split())


def test_a_run_is_rated_by_every_protocol_that_its_setting_has_data_for(project):
    project.tlbench("run", project.suite(GRID))
    record = project.record("dann-grid[adversarial_weight=0.0]")
    assert set(record.selection) == set(OF_CHECKPOINTS) - {"target-val"}
    assert record.notes == []
    assert all(None not in own for name, own in record.selection.items() if name != "snd-gated")


def test_validators_are_judged_from_stored_records_and_old_ones_are_not_recorded_for_new_validators(project):
    project.tlbench("run", project.suite(GRID))
    outcome = project.tlbench("leaderboard", "toy", "--validators", "--format", "json", plugin=False)
    tables = json.loads(outcome.out)
    assert [table["title"].partition("choosing ")[2].split(",")[0] for table in tables] == [
        "a checkpoint of one run",
        "a member of a grid",
        "a strategy at its last step",
    ]
    assert {"mixval", "ensv", "devn", "by chance"} <= {row["validator"]["text"] for row in tables[1]["rows"]}
    new = {"mixval", "ensv", "devn", "bnm", "mano", "class-ami", "transfer-score", "snd-gated"}
    for record in project.records():
        kept = {name: {key: own for key, own in getattr(record, name).items() if key not in new} for name in OLD}
        file = project.folder / "results" / "toy" / f"{record.run_key}.json"
        file.write_text(record.model_copy(update=kept).model_dump_json())
    outcome = project.tlbench("leaderboard", "toy", "--validators", plugin=False)
    assert outcome.code == 0
    assert "not recorded in these runs: bnm, mano, class-ami, mixval" in " ".join(outcome.out.split())
    assert "snd-gated" in outcome.out


OLD = ("metrics", "selection")


def test_several_folders_make_one_table_and_what_holds_no_records_is_named(project):
    project.tlbench("run", project.suite(GRID))
    project.tlbench("run", project.suite(GRID.replace('"toy"', '"twin"', 1)))
    project.write("notes.md", "words")
    outcome = project.tlbench("leaderboard", "toy", "twin", "notes.md", "--validators", plugin=False)
    assert "2 suites · validators" in outcome.out
    assert "2 choices in 2 cells" in outcome.out  # the same runs, counted once
    assert "left out, for they are no folders of records: notes.md" in outcome.err


def test_filters_leave_fewer_choices_and_are_stated(project):
    project.tlbench("run", project.suite(GRID))
    outcome = project.tlbench("leaderboard", "toy", "--validators", "--strategy", "*=0.0*", plugin=False)
    assert "1 choice in 1 cell" in outcome.out
    assert "of the suite's runs, what" in outcome.out


def test_pages_say_which_validator_chooses_best(project):
    project.tlbench("run", project.suite(GRID))
    assert project.tlbench("publish", "toy", plugin=False).code == 0
    for page in ("README.md", "index.html", "toy/index.html"):
        text = (project.folder / "leaderboards" / page).read_text()
        assert "Which validator chooses best" in text
        assert "mixval" in text
    assert project.tlbench("publish", "leaderboards/toy", "--check", plugin=False).out == ""


def test_validators_are_listed_with_what_they_choose_by(project):
    out = project.tlbench("list", "validators").out
    assert "mixval" in out
    assert "predictions on mixed target inputs" in out
    assert "validators:" in project.tlbench("list").out
