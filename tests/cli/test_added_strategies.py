"""A strategy that a suite does not name: added by `--strategy NAME`; and a plugin that lies beside the suite file."""

from __future__ import annotations

import pytest
from toy_suite import SUITE, TOY


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("twinn", "did you mean"),
        ("multi-task", "'multi-task' works in inductive, and the parts of 'toy' are transductive"),
    ],
)
def test_an_unknown_one_and_one_that_fits_no_part_are_refused_before_anything_runs(project, strategy, said):
    outcome = project.tlbench("run", project.suite(), "--strategy", strategy)
    assert outcome.code == 2
    assert said in outcome.err
    assert not list(project.folder.glob("results/toy/*.json"))


def test_an_installed_strategy_gets_a_row_with_its_references_beside_those_of_the_suite(project):
    outcome = project.tlbench("run", project.suite(), "--strategy", "twin")
    assert outcome.code == 0, outcome.err
    assert "twin" in outcome.out
    assert {record.variant for record in project.records()} == {"twin", "source-only", "oracle"}
    assert "twin" in project.tlbench("leaderboard", "toy", plugin=False).out


def test_without_asking_again_the_suite_is_what_its_file_says(project):
    suite = project.suite()
    assert project.tlbench("run", suite, "--strategy", "twin").code == 0
    assert project.tlbench("run", suite).code == 0
    table = project.tlbench("leaderboard", "toy", plugin=False).out
    assert "feature-extraction" in table
    assert "twin" not in table


def test_what_was_added_before_stays_beside_what_is_added_now(project):
    suite = project.suite()
    for strategy in ("twin", "not-finite"):
        project.tlbench("run", suite, "--strategy", strategy)
    table = project.tlbench("leaderboard", "toy", plugin=False).out
    assert "twin" in table
    assert "not-finite" in table
    assert project.tlbench("run", suite, "--strategy", "feature-extraction").code == 0
    assert "twin" in project.tlbench("leaderboard", "toy", plugin=False).out
    outcome = project.tlbench("run", suite)
    assert "twin is stored, and the suite does not name it: --strategy twin shows it again" in outcome.err


def test_its_parameters_can_be_set(project):
    arguments = ["--strategy", "broken", "--set", "broken.how=exit"]
    assert project.tlbench("run", project.suite(), *arguments).code == 1
    assert project.record("broken").params == {"how": "exit"}


def test_what_was_added_can_be_published_submitted_and_checked(project):
    suite = project.suite()
    for strategy in ("twin", "feature-extraction"):
        assert project.tlbench("run", suite, "--strategy", strategy, "--strategy", "twin").code == 0
    assert project.tlbench("submit", suite, "--contributor", "Ada").code == 0
    check = ["submit", "submissions/toy", "--check", "-q", "--run-code", "--sample", "1", "--draw", "0"]
    outcome = project.tlbench(*check, plugin=False)
    assert outcome.code == 0, outcome.out + outcome.err


def test_a_plugin_file_beside_the_suite_file_is_found_by_itself_in_the_working_folder_and_elsewhere_on_request(
    project, monkeypatch
):
    folder = project.folder / "mine"
    folder.mkdir()
    (folder / "suite.toml").write_text(SUITE)
    (folder / "tlbenchfile.py").write_text(TOY.read_text())
    assert project.tlbench("run", "mine/suite.toml", "--run-code", plugin=False).code == 0
    monkeypatch.chdir(folder)
    assert "feature-extraction" in project.tlbench("plan", "suite.toml", plugin=False).out
