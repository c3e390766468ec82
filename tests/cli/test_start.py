from __future__ import annotations

import json
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
    for name in ("run", "list", "plugins", "plan", "leaderboard", "show", "doctor"):
        outcome = project.tlbench(name, "--help", plugin=False)
        assert outcome.code == 0
        assert len(outcome.out.splitlines()) > 3


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "quick", "--worker", "2"], ["list", "strategy"]])
def test_wrong_usage_exits_with_2_and_no_traceback(project, arguments):
    outcome = project.tlbench(*arguments, plugin=False)
    assert outcome.code == 2
    assert outcome.err
    assert "Traceback" not in outcome.err
