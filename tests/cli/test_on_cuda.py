"""`leaderboards/on-cuda.sh`, with a stand-in for the interpreter, since the machine of the tests may have no GPU."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tlbench.plugins.manager import plugin_host

SCRIPT = Path(__file__).parents[2] / "leaderboards" / "on-cuda.sh"
if not SCRIPT.is_file():
    pytest.skip("needs the folder leaderboards, which the source archive lacks", allow_module_level=True)
SUITES = re.search(r"SUITES=\((.*?)\)", SCRIPT.read_text(), re.DOTALL)[1].split()

#: Answers `doctor`, the question for the number of workers, and `run SUITE`, which ends as $FAILS says of it.
STAND_IN = """#!/usr/bin/env bash
case "$*" in
*doctor*) echo "device        $DEVICE"; exit 1 ;;
-) echo 6 ;;
*" run "*)
    echo "$*" >>"$CALLS"
    echo "the table of $4"
    echo "something went wrong with $4" >&2
    [[ $FAILS == "$4="* ]] && exit "${FAILS#*=}"
    exit 0 ;;
esac
"""


@pytest.fixture
def script(tmp_path):
    """Runs it with the stand-in; gives what came of it, and what was asked of `tlbench run`."""
    stand_in = tmp_path / "python"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    (tmp_path / "data").mkdir()
    calls = tmp_path / "calls"

    def run(*arguments: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        given = {"DEVICE": "NVIDIA something", "FAILS": "", "CALLS": str(calls), "PYTHON": str(stand_in), **environment}
        command = ["bash", SCRIPT, *arguments]
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=os.environ | given, capture_output=True, text=True
        )
        return done, calls.read_text().splitlines() if calls.exists() else []

    return run


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["data"], {}, "name the folder of data and one for the output"),
        (["nowhere", "out"], {}, "'nowhere' is no folder"),
        (["data", "out"], {"DEVICE": "cpu (no CUDA device)"}, "no CUDA device here (tlbench doctor: device cpu"),
        (["data", "out"], {"DEVICE": ""}, "names no device; say PYTHON="),
        (["data", "out"], {"WORKERS": "many"}, "WORKERS='many' must be a positive whole number"),
    ],
)
def test_what_stands_in_the_way_is_said_before_anything_runs(script, arguments, environment, message):
    done, calls = script(*arguments, **environment)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert calls == []


def test_without_a_device_the_real_doctor_stops_it(script, mirror, tmp_path):
    done, _ = script(str(mirror), "out", PYTHON=sys.executable, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 2
    assert "no CUDA device here" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_suite_that_fails_does_not_stop_the_others_and_the_exit_code_tells(script, tmp_path):
    done, calls = script("data", "out", FAILS=f"{SUITES[1]}=2")
    assert done.returncode == 1
    assert [call.split()[3] for call in calls] == SUITES
    assert f"something went wrong with {SUITES[1]}" in done.stderr
    *whole, total = [line.split(maxsplit=3) for line in done.stdout.split("\n\n")[1].splitlines()]
    assert [(name, state.split(",")[0]) for name, _, _, state in whole] == [
        (name, "not whole (exit code 2)" if name == SUITES[1] else "whole") for name in SUITES
    ]
    assert total[0] == "all"
    assert (tmp_path / "out" / f"{SUITES[0]}.txt").read_text() == f"the table of {SUITES[0]}\n"


def test_an_interruption_stops_it(script):
    done, calls = script("data", "out", FAILS=f"{SUITES[1]}=130")
    assert done.returncode == 130
    assert len(calls) == 2


def test_everything_whole_is_exit_code_0_and_further_options_reach_every_suite(script):
    done, calls = script("data", "out", "--seed", "0", WORKERS="3")
    assert done.returncode == 0
    options = "--data data --results out/results --device cuda --workers 3 --seed 0"
    assert calls == [f"-m tlbench run {name} {options}" for name in SUITES]


def test_the_number_of_runs_at_once_is_what_the_gpu_says_where_none_is_named(script):
    _, calls = script("data", "out")
    assert all("--workers 6" in call for call in calls)


def test_every_suite_that_it_names_exists():
    assert set(SUITES) <= set(plugin_host().registries["suites"].names)
