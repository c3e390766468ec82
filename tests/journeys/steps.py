"""A user's project in a temporary folder: commands as they are typed, and what they say."""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Project:
    """A folder in which a user types commands. Every one must end well and without a traceback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tlbench(self, command: str, *, code: int = 0) -> str:
        """Standard output and error of a command that ends with `code`."""
        print(f"$ tlbench {command}", flush=True)
        typed = [str(Path(sys.executable).with_name("tlbench")), *shlex.split(command)]
        done = subprocess.run(typed, cwd=self.folder, env=os.environ, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if done.returncode != code or "Traceback" in said:
            raise AssertionError(f"tlbench {command}: exit code {done.returncode}, {code} expected\n{said}")
        return said

    def suite_of(self, doctor: str, name: str) -> Path:
        """The suite that `tlbench doctor` ends with, saved under a name; what follows it is no part of it."""
        lines = doctor.splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("name = "))
        path = self.folder / name
        path.write_text("\n".join(lines[first:]) + "\n", encoding="utf-8")
        return path

    def table(self, command: str) -> list[dict[str, str]]:
        """A table in CSV, by column."""
        text = self.tlbench(f"{command} --format csv")
        lines = [line for line in text.splitlines() if line and not line.startswith("note:")]
        return list(csv.DictReader(lines))

    def page(self, suite: str) -> str:
        """The page of a suite that has been run, as `tlbench publish` writes it."""
        self.tlbench(f"publish {suite} --out pages")
        return (self.folder / "pages" / suite / "index.html").read_text(encoding="utf-8")

    def records(self, suite: str) -> list[dict[str, Any]]:
        """The records of a suite."""
        files = sorted((self.folder / "results" / suite).glob("*.json"))
        return [json.loads(file.read_text()) for file in files if file.name != "plan.json"]


def accuracies(records: list[dict[str, Any]], variant: str, target: str, source: str | None = None) -> list[float]:
    """The accuracies of a variant on a target, by seed."""
    found = [
        record
        for record in records
        if record["variant"] == variant and record["target"] == target and source in (None, "+".join(record["source"]))
    ]
    return [record["metrics"]["last"]["accuracy"] for record in sorted(found, key=lambda record: int(record["seed"]))]


def says(text: str, *parts: str) -> None:
    """Whether a command has said all this."""
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not said:\n{text}")


def journey(walk: Callable[[Project], None]) -> None:
    """Walk in a temporary folder, and say how long it took."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TLBENCH_CACHE"] = str(Path(folder) / "cache")
        project = Path(folder) / "project"
        project.mkdir()
        walk(Project(project))
    print(f"done in {time.perf_counter() - start:.0f} s")
