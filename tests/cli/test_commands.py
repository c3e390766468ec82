from __future__ import annotations

import importlib.metadata
import json

import pytest
from toy_suite import SUITE


def test_list_shows_every_kind_and_marks_what_is_not_built_in(project):
    out = project.tlbench("list").out
    for name in ("dann", "digits", "small-cnn", "accuracy", "quick"):
        assert name in out
    assert "[toy_plugin]" in out
    listed = json.loads(project.tlbench("list", "strategies", "--json").out)
    assert {"dann", "broken"} <= {entry["name"] for entry in listed["strategies"]}


def test_plugins_shows_distribution_hooks_and_status(project):
    shown = json.loads(project.tlbench("plugins", "--json").out)
    by_name = {plugin["name"]: plugin for plugin in shown}
    assert by_name["builtin-strategies"]["distribution"] == "tlbench"
    assert by_name["toy_plugin"]["hooks"] == [
        f"tlbench_register_{kind}" for kind in ("backbones", "datasets", "strategies")
    ]
    assert all(plugin["status"] == "ok" for plugin in shown)


def test_a_plugin_file_that_is_missing_or_broken_is_loud(project):
    assert "does not exist" in project.tlbench("list", "--plugin", "nothing.py", plugin=False).err
    path = project.write("bad.py", "import nothing_of_this_name\n")
    outcome = project.tlbench("list", "--plugin", path, plugin=False)
    assert outcome.code == 2
    assert "nothing_of_this_name" in outcome.err


def test_a_misspelt_hook_names_the_nearest(project):
    path = project.write(
        "misspelt.py", "import tlbench\n\n@tlbench.hookimpl\ndef tlbench_register_strategy(register):\n    pass\n"
    )
    assert "tlbench_register_strategies" in project.tlbench("list", "--plugin", path, plugin=False).err


def test_two_plugins_with_one_name_are_both_named(project):
    path = project.write(
        "twin.py",
        "import tlbench\n\n@tlbench.hookimpl\ndef tlbench_register_strategies(register):\n"
        "    register('dann', 'nowhere:Nothing')\n",
    )
    message = project.tlbench("list", "--plugin", path, plugin=False).err
    assert "builtin-strategies" in message
    assert "twin" in message


def test_plan_runs_nothing_and_says_what_would_run_is_shared_and_done(project):
    suite = project.suite()
    before = json.loads(project.tlbench("plan", suite, "--json").out)
    assert (before["runs"], before["done"], before["shared_trainings"]) == (3, 0, 1)
    assert before["estimated_seconds"] > 0
    assert not (project.folder / "results").exists()
    project.tlbench("run", suite)
    after = json.loads(project.tlbench("plan", suite, "--json").out)
    assert (after["done"], after["to_do"], after["estimated_seconds"]) == (3, {}, 0)
    assert "3 of them done" in project.tlbench("plan", suite).out


def test_plan_tries_a_few_steps_of_what_was_never_run(project):
    def planned(steps):
        suite = project.suite(SUITE.replace("steps = 40", f"steps = {steps}"))
        return json.loads(project.tlbench("plan", suite, "--json").out)

    few, many = planned(40), planned(4_000_000)
    assert few["estimate_from"] == "a trial of a few steps: 3 runs have no like that was measured"
    assert many["estimated_seconds"] > few["estimated_seconds"] + 20  # no step takes less than five microseconds


def test_a_backbone_that_fails_when_it_is_tried_costs_an_estimate_and_no_plan(project):
    plugin = project.write(
        "fragile.py",
        "import tlbench\n\ndef fragile(input_shape):\n    raise OSError('no such thing')\n\n"
        "@tlbench.hookimpl\ndef tlbench_register_backbones(register):\n    register('fragile', fragile)\n",
    )
    suite = project.suite(SUITE.replace("mlp:16", "fragile"))
    outcome = project.tlbench("plan", suite, "--plugin", plugin)
    assert outcome.code == 0
    assert "fragile could not be tried (OSError: no such thing)" in outcome.out


def test_plan_counts_the_preparation_of_inputs_until_it_is_done(project):
    suite = project.suite(SUITE.replace("mlp:16", "frozen:mlp:16"))
    assert json.loads(project.tlbench("plan", suite, "--json").out)["preparing_seconds"] > 0
    project.tlbench("run", suite)
    assert json.loads(project.tlbench("plan", suite, "--json").out)["preparing_seconds"] == 0


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "latex", "html", "json"])
def test_leaderboard_writes_every_format(project, form):
    suite = project.suite()
    project.tlbench("run", suite)
    outcome = project.tlbench("leaderboard", suite, "--format", form, plugin=False)
    assert outcome.code == 0
    assert "feature-extraction" in outcome.out


def test_leaderboard_of_a_suite_that_was_not_run_says_what_to_do(project):
    outcome = project.tlbench("leaderboard", "digits", plugin=False)
    assert outcome.code == 2
    assert "tlbench run digits" in outcome.err


def test_selection_all_shows_protocols_of_one_training_side_by_side(project):
    project.tlbench("run", project.suite())
    out = project.tlbench("leaderboard", "toy", "--selection", "all", plugin=False).out
    for protocol in ("last", "source-val", "target-test"):
        assert protocol in out
    assert len(project.records()) == 3


def test_show_finds_a_record_by_the_beginning_of_its_key(project):
    project.tlbench("run", project.suite())
    record = project.record("feature-extraction")
    out = project.tlbench("show", record.run_key[:8], plugin=False).out
    assert record.run_key in out
    assert "source-only" in out
    assert json.loads(project.tlbench("show", record.run_key, "--json", plugin=False).out)["run_key"] == record.run_key


def test_show_of_an_unknown_or_ambiguous_key_says_so(project):
    project.tlbench("run", project.suite())
    assert "begins with 'zzz'" in project.tlbench("show", "zzz", plugin=False).err
    assert "give more of the key" in project.tlbench("show", "", plugin=False).err


def test_doctor_says_what_is_there_and_what_stands_in_the_way(project, monkeypatch):
    outcome = project.tlbench("doctor")
    assert outcome.code == 0
    assert "torch" in outcome.out
    monkeypatch.setenv("TLBENCH_CACHE", str(project.write("file", "in the way")))
    outcome = project.tlbench("doctor")
    assert outcome.code == 1
    assert "TLBENCH_CACHE" in outcome.out


def test_doctor_says_what_optional_libraries_are_for_and_which_extra_installs_a_missing_one(project, monkeypatch):
    def version(name):
        if name in ("keras", "timm"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "9.8.7"

    monkeypatch.setattr(importlib.metadata, "version", version)
    outcome = project.tlbench("doctor")
    assert outcome.code == 0
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    missing = "not installed: pip install 'tlbench[keras]' (optional, for backbones keras:NAME)"
    assert lines["keras"] == f"keras         {missing}"
    assert "pip install 'tlbench[hub]' (optional, for backbones timm:NAME" in lines["timm"]
    assert lines["pyarrow"] == "pyarrow       9.8.7 (optional, for data parquet:PATH)"


def test_a_suite_that_was_never_run_is_not_called_unknown_and_says_what_to_do(project):
    outcome = project.tlbench("leaderboard", "digits", plugin=False)
    assert outcome.code == 2
    assert "no records of 'digits' in results; run it first (tlbench run digits)" in outcome.err
    assert "unknown" not in outcome.err
