from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "timm", "transformers", "datasets", "sklearn")


def loaded_after(arguments, folder):
    code = (
        "import sys, json\n"
        "from tlbench.cli.main import main\n"
        f"code = main({arguments!r})\n"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"], ["list", "--json"], ["plugins"]])
def test_light_commands_import_no_heavy_library(project, arguments):
    assert loaded_after(arguments, project.folder) == [0, []]


def test_leaderboard_and_show_import_no_heavy_library(project):
    project.tlbench("run", project.suite())
    key = project.record("oracle").run_key
    assert loaded_after(["leaderboard", "toy"], project.folder) == [0, []]
    assert loaded_after(["show", key], project.folder) == [0, []]


def test_help_of_every_command_says_what_it_does(project):
    for name in ("run", "list", "plugins", "plan", "leaderboard", "show", "compare", "doctor"):
        outcome = project.tlbench(name, "--help", plugin=False)
        assert outcome.code == 0
        assert len(outcome.out.splitlines()) > 3


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "quick", "--worker", "2"], ["list", "strategy"]])
def test_wrong_usage_exits_with_2_and_no_traceback(project, arguments):
    outcome = project.tlbench(*arguments, plugin=False)
    assert outcome.code == 2
    assert outcome.err
    assert "Traceback" not in outcome.err


def test_a_suite_that_is_all_there_is_shown_again_without_torch(project):
    suite = project.suite(BUILT_IN)
    assert project.tlbench("run", suite, plugin=False).code == 0
    code, loaded = loaded_after(["run", str(suite)], project.folder)
    assert (code, "torch" in loaded, "sklearn" in loaded) == (0, False, False)


@pytest.mark.parametrize(
    "change", [("seeds = [0]", "seeds = [1]"), ("steps = 20", "steps = 21"), ('"feature-extraction"', '"dann"')]
)
def test_a_suite_that_has_changed_is_planned_anew(project, change):
    project.tlbench("run", project.suite(BUILT_IN), plugin=False)
    outcome = project.tlbench("run", project.suite(BUILT_IN.replace(*change)), plugin=False)
    assert outcome.code == 0
    assert "to do" in outcome.err


BUILT_IN = """
name = "small"
dataset = "digits"
backbones = ["small-cnn"]
seeds = [0]

[budget]
steps = 20
checkpoints = 1

[[part]]
setting = "transductive"
pairs = ["uci:uci_m"]
strategies = ["feature-extraction"]
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_signs_that_an_encoding_lacks_are_replaced(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "tlbench", "list"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"two 3" in done.stdout
