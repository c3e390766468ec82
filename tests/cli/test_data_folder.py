"""The folder of data: named by `--data` or TLBENCH_DATA, and what `doctor` finds in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from own_files import suite
from public_files import digit_files

BROKEN = """
import tlbench

class Strange:
    domains = ("a",)

    def whereabouts(self):
        raise RuntimeError("nobody knows")

@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("strange", Strange)
"""


@pytest.fixture(autouse=True)
def _no_folder(monkeypatch):
    """`--data` sets the variable for the process, so it is put back after each test."""
    monkeypatch.setenv("TLBENCH_DATA", "")


def lines_of(outcome):
    """What `doctor` says of each named dataset, long lines put together again."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in outcome.out.partition("data of the named datasets:\n")[2].splitlines():
        if line.startswith("   "):
            found[name][-1] += " " + line.strip()
        elif line.startswith("  "):
            name, *words = line.split()
            found.setdefault(name, []).append(" ".join(words))
    return found


def digits_suite(project):
    text = suite("digits-real", "channels = 1\nsize = 16", "small-cnn", '["mnist:usps"]')
    return project.suite(text, "own.toml")


@pytest.mark.parametrize("command", ["run", "plan", "doctor"])
def test_folder_that_is_none_is_named_before_anything_is_done(project, command):
    arguments = [] if command == "doctor" else [digits_suite(project)]
    outcome = project.tlbench(command, *arguments, "--data", "no", plugin=False)
    assert outcome.code == 2
    assert outcome.err == "tlbench: error: --data 'no' is no folder; name one that holds public data\n"


def test_doctor_calls_a_variable_that_names_no_folder_a_fault(project, monkeypatch):
    monkeypatch.setenv("TLBENCH_DATA", "no")
    outcome = project.tlbench("doctor", plugin=False)
    assert outcome.code == 1
    assert "fault: TLBENCH_DATA names no, which is no folder" in outcome.out


def test_doctor_names_a_dataset_that_cannot_say_where_its_data_are(project):
    outcome = project.tlbench("doctor", "--plugin", project.write("strange.py", BROKEN), plugin=False)
    assert outcome.code == 1
    assert "fault: dataset 'strange' cannot be opened: RuntimeError: nobody knows" in outcome.out


def test_doctor_says_of_every_named_dataset_where_its_data_are_or_what_to_do(project):
    folder = digit_files(project.folder / "data")
    outcome = project.tlbench("doctor", "--data", "data", plugin=False)
    assert outcome.code == 0, outcome.out
    found = lines_of(outcome)
    assert found["digits"] == ["found with its plugin"]
    mnist, usps, photographs = found["digits-real"]
    assert mnist == f"found MNIST: {folder / 'digits' / 'mnist.npz'}"
    assert usps == f"found USPS: {folder / 'digits' / 'usps.npz'}"
    assert photographs.startswith("not here photographs for mnist-m-q65: needs bsds500-train-for-mnistm/")
    assert found["pneumonia"][0].startswith("not here PneumoniaMNIST: downloaded when first used")
    assert "folder:" not in found


def test_doctor_without_a_folder_says_how_to_name_one(project):
    outcome = project.tlbench("doctor", plugin=False)
    assert outcome.code == 0
    assert "none (name one with --data DIR or TLBENCH_DATA)" in outcome.out


def test_plan_takes_data_from_the_folder_wherever_it_is(project):
    digit_files(project.folder / "data")
    outcome = project.tlbench("plan", digits_suite(project), "--data", "data", plugin=False)
    assert outcome.code == 0, outcome.err
    assert Path(os.environ["TLBENCH_DATA"]) == project.folder / "data"
    assert "note: dataset 'digits-real', domain 'mnist': images of 28x28 pixels are stretched to 16" in outcome.err
    (project.folder / "data").rename(project.folder / "moved")
    moved = project.tlbench("plan", digits_suite(project), "--data", "moved", plugin=False)
    assert moved.out == outcome.out


def test_run_without_data_says_what_is_needed(project):
    text = project.suite(suite("mnist-usps"), "own.toml")
    outcome = project.tlbench("run", text, plugin=False)
    assert outcome.code == 2
    assert (
        "needs mnist-usps-2000-1800/mnist_usps_jda.npz in a folder that --data DIR or TLBENCH_DATA names" in outcome.err
    )
    assert "Traceback" not in outcome.err
