"""Plain lines of a running suite: now and then, and never silent for long."""

from __future__ import annotations

import pytest

from tlbench.cli import progress
from tlbench.cli.durations import roughly


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: `clock[0]`, seconds."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def lines(clock):
    found = progress.Lines(verbose=False)
    found.planned(to_do=3, done=1, source_models=1)
    return found


def said(capsys):
    return capsys.readouterr().err.splitlines()


def test_a_training_of_an_hour_is_heard_of_once_a_minute(lines, clock, capsys):
    said(capsys)
    for clock[0] in range(0, 181, 10):
        lines.progress("job", "training on books, minilm, seed 0", "source", int(clock[0]), 3_000)
    assert said(capsys) == [
        f"[0/4] training on books, minilm, seed 0: step {step} of 3,000" for step in ("60", "120", "180")
    ]


def test_where_runs_end_often_no_step_is_said(lines, clock, capsys):
    said(capsys)
    for clock[0] in (15, 30, 45):
        lines.ended("job", "dann a:b", "ok", "")
        lines.progress("job", "dann a:b", "", 1, 10)
    assert said(capsys) == ["[1/4] about 45 s left", "[2/4] about 30 s left", "[3/4] about 15 s left"]


def test_what_is_left_is_told_in_the_unit_of_its_size(lines, clock, capsys):
    said(capsys)
    clock[0] = 7_200
    lines.ended("job", "dann a:b", "ok", "")
    assert said(capsys) == ["[1/4] about 6.0 h left"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (91, "2 min"), (5_399, "90 min"), (5_400, "1.5 h")]
)
def test_a_rough_duration(seconds, text):
    assert roughly(seconds) == text
