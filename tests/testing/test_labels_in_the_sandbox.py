"""The check `labels` hears of files that threads, other programs and the C library open, whatever becomes of it."""

from __future__ import annotations

import json

import pytest

from tlbench.execution import landlock

PLUGIN = '''
import ctypes
import os
import subprocess
import threading
from pathlib import Path

import sklearn
import tlbench

DIGITS = str(Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz")


class Honest(tlbench.GradientStrategy):
    """Opens nothing."""

    settings = {"transductive"}
    paper = "none: a test"
    same_label_space = True
    done = False

    def loss(self, model, batch, progress):
        if not self.done:
            self.done = True
            self.hunt()
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels, 0.0)

    def hunt(self):
        """Nothing."""


class Thread(Honest):
    def hunt(self):
        def opens():
            try:
                open(DIGITS)
            except OSError:
                pass

        one = threading.Thread(target=opens)
        one.start()
        one.join()


class Program(Honest):
    def hunt(self):
        subprocess.run(["cat", DIGITS], capture_output=True)


class Library(Honest):
    def hunt(self):
        ctypes.CDLL(None).open(DIGITS.encode(), 0)


class Memory(Honest):
    def hunt(self):
        ctypes.CDLL(None).open(f"/proc/{os.getppid()}/mem".encode(), 0)


class Home(Honest):
    def hunt(self):
        open("/etc/shadow")


class Ends(Honest):
    def hunt(self):
        os._exit(0)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    for one in (Honest, Thread, Program, Library, Memory, Home, Ends):
        register(f"hunt-{one.__name__.lower()}", one, summary="hunts")
'''


@pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
def test_files_that_are_opened_in_any_way_are_named(project):
    plugin = project.write("hunting.py", PLUGIN)
    outcome = project.tlbench("check", plugin, "-k", "labels", "--json", plugin=False)
    found = {one["subject"]: (one["status"], one["message"]) for one in json.loads(outcome.out)}
    assert found.pop("hunt-honest") == ("passed", "")
    assert {status for status, _ in found.values()} == {"failed"}
    for name in ("thread", "program", "library"):
        assert "opens " in found[f"hunt-{name}"][1]
        assert "digits.csv.gz" in found[f"hunt-{name}"][1]
    assert "/mem: what a run may know" in found["hunt-memory"][1]
    assert "in a sandbox" in found["hunt-home"][1]
    assert "ended with 0" in found["hunt-ends"][1]
