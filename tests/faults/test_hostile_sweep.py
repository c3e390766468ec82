"""One sweep of runs that each misbehave in another way: each is named for what it did, and no neighbour is harmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from faults import HOSTILE, hostile_suite, processes
from toy_suite import TOY

from tlbench.records.record_file import parse_record

TYPES, NUMBERS = "floating-point numbers are expected", "are not finite"
#: By what a strategy does, how its run has to end, and what its record has to say.
EXPECTED = {
    "bytes that are no text": ("failed", r"caf\udce9.npy cannot be read"),
    "terminal codes": ("failed", r"\x1b[2J\x07 wiped \u202e"),
    "endless message": ("failed", "characters more"),
    "unprintable error": ("failed", "cannot be shown"),
    "exit with 0": ("failed", "sys.exit(0)"),
    "output that is a list": ("failed", "not what a run hands back"),
    "output nested deeply": ("failed", "not what a run hands back"),
    "output without error": ("failed", "error: Field required"),
    "output of no status": ("failed", "not what a run hands back"),
    "output too large": ("failed", "too large"),
    "output that is a pipe": ("failed", "no regular file"),
    "output that is a link": ("failed", "no regular file"),
    "output that is a folder": ("failed", "no regular file"),
    "folder that is a link": ("crashed", "without a result"),
    "json that lies": ("failed", "not what a run hands back"),
    "log that is a pipe": ("failed", "where is the log?"),
    "lines into descriptors": ("failed", ""),  # among them its own socket, at which it asks for its test inputs
    "a forked copy": ("failed", "carried out 2 times"),
    "a daemon left behind": ("ok", ""),
    "kills the template": ("crashed", "ended twice"),
    "kills its supervisor": ("crashed", "was killed"),
    "stops the template": ("ok", ""),
    "kills itself": ("crashed", "another process"),
    "says that the disk is full": ("failed", "No space left"),
    "too little device memory": ("out_of_memory", "also alone on the device: CUDA out of memory"),
    "too little device memory once": ("ok", ""),
    "no predictor": ("failed", "fit() of 'hostile' gave a NoneType"),
    "no steps": ("failed", "has no steps"),
    "steps that fall": ("failed", "whole numbers that rise are expected"),
    "integer logits": ("failed", f"logits of type int64; {TYPES}"),
    "boolean logits": ("failed", f"logits of type bool; {TYPES}"),
    "complex logits": ("failed", f"logits of type complex64; {TYPES}"),
    "logits that are an array": ("failed", "logits that are a ndarray"),
    "logits not finite": ("diverged", NUMBERS),
    "logits of too many classes": ("failed", "(400, 3) is expected"),
    "features not finite": ("diverged", NUMBERS),
    "integer features": ("failed", f"features of type int64; {TYPES}"),
    "features of one input": ("failed", "predict() gave features of shape"),
    "no prediction": ("failed", "predict() gave NoneType"),
    "a bare tensor": ("failed", "predict() gave Tensor"),
    "nothing": ("ok", ""),
}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """What a sweep of all of these gives: its exit code, what it says, and its records by what their strategy does."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "suite.toml").write_text(hostile_suite(list(EXPECTED)).replace("steps = 40", "steps = 4"))
    command = [sys.executable, "-m", "tlbench", "run", "suite.toml", "--workers", "2", "--timeout", "10m"]
    # Without a sandbox, which would deny most of it: what is tried here is what holds where a kernel has none.
    command += ["--plugin", str(TOY), "--plugin", str(HOSTILE), "--sandbox", "off"]
    environment = {**os.environ, "TLBENCH_CACHE": str(folder / "cache")}
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=1500
    )
    files = [path for path in (folder / "results" / "toy").glob("*.json") if path.name != "plan.json"]
    records = [parse_record(path.read_bytes(), str(path), "upgrade") for path in files]
    return done, {record.variant.replace("-", " "): record for record in records}


def test_the_sweep_comes_to_its_end_without_a_traceback_and_leaves_no_process(sweep):
    done, records = sweep
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "\x1b[2J" not in done.stdout + done.stderr
    assert set(EXPECTED) <= set(records)
    assert processes("sleep 98765") == []


@pytest.mark.parametrize("way", EXPECTED)
def test_each_is_named_for_what_it_did(sweep, way):
    record = sweep[1][way]
    status, words = EXPECTED[way]
    assert record.status == status, record.why
    assert words in record.why
    if record.error is not None:
        assert len(record.error.message) < 11_000
        assert all(len(line) < 600 for line in record.error.log)


def test_no_neighbour_has_other_numbers(sweep):
    """Those that train in the ordinary way give the same, whatever has happened beside them."""
    records = sweep[1]
    unharmed = [records[way] for way, (status, _) in EXPECTED.items() if status == "ok"]
    assert all(record.metrics["last"] == records["nothing"].metrics["last"] for record in unharmed)
    assert {"source only", "oracle"} <= {way for way, record in records.items() if record.status == "ok"}


def test_what_was_done_again_or_left_behind_is_noted(sweep):
    _, records = sweep
    assert any("1 processes running" in note for note in records["a daemon left behind"].notes)
    again = records["too little device memory once"].notes
    assert any("alone and in the same way" in note and "memory on the device" in note for note in again)
    assert records["too little device memory once"].spec.budget == records["nothing"].spec.budget


def test_a_hostile_word_reaches_no_page_raw(sweep):
    text = json.dumps([record.model_dump(mode="json") for record in sweep[1].values()], ensure_ascii=False)
    assert not any(sign in text for sign in ("\x1b", "\x07", "\u202e", "\udce9"))
    assert Path("/etc/hostname").read_text().strip() not in text.split()
