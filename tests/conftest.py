"""Small real projects in temporary folders, driven through the command line."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from known_results import Results
from toy_suite import SUITE, TOY

from tlbench.cli.main import main
from tlbench.records.record import Record
from tlbench.records.record_file import parse_record

#: Where transformers copies the code of models to, ours and our children's alike: it asks when it is imported.
_MODULES = tempfile.TemporaryDirectory(prefix="tlbench-tests-")
atexit.register(_MODULES.cleanup)
os.environ["HF_MODULES_CACHE"] = _MODULES.name

#: There is a process of tests for each core, and torch would start as many threads in each of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: A background job of a shell starts with Ctrl-C ignored, and so would whatever its tests start.
HEEDING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from tlbench.cli.main import main
sys.exit(main())
"""


@dataclass
class Outcome:
    """What a command gave."""

    code: int
    out: str
    err: str


class Project:
    """A folder with suite files, results and a cache of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def suite(self, text: str = SUITE, name: str = "suite.toml") -> Path:
        return self.write(name, text)

    def tlbench(self, *arguments: object, plugin: bool = True) -> Outcome:
        """Run a command in this process, with the toy plugin."""
        given = [str(argument) for argument in arguments]
        if plugin:
            given += ["--plugin", str(TOY)]
        self._capsys.readouterr()
        code = main(given)
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def start(self, *arguments: object, plugin: bool = True) -> subprocess.Popen[str]:
        """Start a command as a process of its own, which heeds Ctrl-C even where the tests run in the background."""
        command = [sys.executable, "-c", HEEDING, *map(str, arguments), *(("--plugin", str(TOY)) if plugin else ())]
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def records(self, suite: str = "toy") -> list[Record]:
        files = sorted((self.folder / "results" / suite).glob("*.json"))
        return [parse_record(file.read_bytes(), file.name, "") for file in files if file.name != "plan.json"]

    def record(self, variant: str, suite: str = "toy", seed: int | None = None) -> Record:
        ours = [record for record in self.records(suite) if record.variant == variant]
        (found,) = [record for record in ours if seed in (None, record.seed)]
        return found

    def plan(self, suite: str = "toy") -> dict:
        return json.loads((self.folder / "results" / suite / "plan.json").read_text())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """A project in a temporary folder, which is the working folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    return Project(tmp_path, capsys)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """An empty results folder."""
    return Results(tmp_path / "results" / "digits")


@pytest.fixture
def make_results(tmp_path: Path):
    """Several results folders by name."""
    return lambda name, **options: Results(tmp_path / name / "digits", **options)


@pytest.fixture
def mirror() -> Path:
    """The folder of real public data; a test that asks for it is skipped where there is none."""
    named = os.environ.get("TLBENCH_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("needs the data folder that TLBENCH_DATA names")
    return Path(named)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The datasets library without the network, with caches of its own."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub-cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub-cache"
