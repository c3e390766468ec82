"""What the tests of faults share: how many of a kind are tried, jobs of code, and suites of hostile runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from toy_suite import SUITE

from tlbench.execution.local_pool import LocalPool

HOSTILE = Path(__file__).with_name("hostile_plugin.py")
#: `TLBENCH_FAULTS=long`, as `tox -e faults` has it, tries as many of each kind as the promise is made for.
LONG = os.environ.get("TLBENCH_FAULTS") == "long"


def many(short: int, long: int) -> int:
    """How many of a kind are tried."""
    return long if LONG else short


def job(folder: Path, name: str, code: str) -> Path:
    """A job whose run carries out this code and then fails, for it names no kind of work that there is."""
    place = folder / name
    place.mkdir()
    (place / "plugin.py").write_text(code)
    (place / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": [str(place / "plugin.py")]}))
    return place


def carry_out(folder: Path, codes: dict[str, str], *, workers: int = 2, **limits) -> dict[str, dict]:
    """How the jobs of these codes ended, by name; they start as there is room."""
    pool = LocalPool(workers, 1, limits.get("timeout"), limits.get("memory"))
    waiting = list(codes.items())
    ended: dict[str, dict] = {}
    until = time.monotonic() + 300
    try:
        while len(ended) < len(codes):
            assert time.monotonic() < until, f"only {sorted(ended)} have ended"
            while waiting and pool.free:
                name, code = waiting.pop(0)
                pool.submit(name, place := job(folder, name, code), place / "log.txt")
            event = pool.wait(0.2)
            if event is not None and event.kind != "progress":
                ended[event.job] = event.details
    finally:
        pool.close()
    return ended


def hostile_suite(ways: list[str], name: str = "toy") -> str:
    """A suite with a variant for each way to misbehave, called like it."""
    names = [way.replace(" ", "-") for way in ways]
    variants = "".join(
        f'\n[strategies.{name}]\nuse = "hostile"\nhow = "{way}"\n' for name, way in zip(names, ways, strict=True)
    )
    return SUITE.replace('"toy"', f'"{name}"', 1).replace('["feature-extraction"]', json.dumps(names)) + variants


def processes(word: str) -> list[str]:
    """The command lines of living processes in which a word is."""
    listed = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if word in line and not line.startswith("Z")]
