"""`tlbench verify`: published runs made again, with the exit code that says whether they are reproduced."""

from __future__ import annotations

import json

import pytest
from toy_suite import SUITE


@pytest.fixture
def published(project):
    assert project.tlbench("run", project.suite()).code == 0
    assert project.tlbench("publish", "toy", plugin=False).code == 0
    return project


def verify(project, *arguments):
    return project.tlbench("verify", "leaderboards/toy", "--suite", "suite.toml", "-q", *arguments)


def rewrite(project, change):
    """Change every published record."""
    path = project.folder / "leaderboards" / "toy" / "records.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        change(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "leaderboards/toi"], "no records in results/leaderboards/toi"),
        (["verify", "leaderboards/toy", "--sample", "0"], "--sample"),
        (
            ["verify", "leaderboards/toy"],
            "the suite 'toy' of leaderboards/toy is not built in, so its runs cannot be planned by its name; give its "
            "file, as in: tlbench verify leaderboards/toy --suite toy.toml",
        ),
        (["verify", "leaderboards/toy", "--suite", "none.toml"], "none.toml"),
        (["verify", "leaderboards/toy", "--suite", "other.toml"], "is of the suite 'toy', and --suite names 'other'"),
        (["verify", "leaderboards/toy", "--suite", "suite.toml", "--timeout", "soon"], "--timeout 'soon'"),
    ],
)
def test_bad_input_is_one_message(published, arguments, said):
    published.write("other.toml", SUITE.replace('name = "toy"', 'name = "other"'))
    outcome = published.tlbench(*arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_runs_of_this_machine_are_identical_and_results_are_left_alone(published):
    before = {path: path.read_bytes() for path in published.folder.rglob("toy/*") if path.is_file()}
    outcome = verify(published, "--sample", "3")
    assert outcome.code == 0, outcome.out
    assert "3 of 3 runs reproduced" in outcome.out
    assert outcome.out.count("identical") == 3
    assert {path: path.read_bytes() for path in before} == before


def test_a_score_that_was_not_measured_is_found_out(published):
    def flatter(record):
        for scores in record["metrics"].values():
            scores["accuracy"] = 0.999

    rewrite(published, flatter)
    outcome = verify(published, "--sample", "1")
    assert outcome.code == 1
    assert "0 of 1 run reproduced" in outcome.out
    assert "different" in outcome.out


def test_a_run_that_the_suite_does_not_have_here_is_not_run_and_says_so(published):
    published.write("suite.toml", SUITE.replace("seeds = [0]", "seeds = [1]"))
    outcome = verify(published, "--sample", "1", "--format", "json")
    assert outcome.code == 1
    (table,) = json.loads(outcome.out)
    assert table["rows"][0]["verdict"]["text"] == "not run"
    assert "has no such run" in table["notes"][0]


def test_another_recipe_here_is_named(published):
    assert "steps" in SUITE
    published.write("suite.toml", SUITE.replace("steps = ", "steps = 1"))
    outcome = verify(published, "--sample", "3")
    assert outcome.code == 1
    assert "budget" in outcome.out
