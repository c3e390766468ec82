"""Timings, not assertions: `tox -e benchmarks` or `pytest tests/benchmarks -n 0 --benchmark-enable`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def command(*arguments, folder):
    environment = {**os.environ, "TLBENCH_CACHE": str(folder / "cache")}
    line = [sys.executable, "-m", "tlbench", *arguments]
    subprocess.run(line, cwd=folder, env=environment, capture_output=True, check=True)


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["plugins"]], ids=["help", "list", "plugins"])
def test_benchmark_of_start_up(benchmark, tmp_path, arguments):
    benchmark.pedantic(command, arguments, {"folder": tmp_path}, rounds=5, warmup_rounds=1)


BROKEN = {3: "raise ImportError('gone')", 17: "1 / 0", 31: "def tlbench_register_strategies(:"}


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Fifty plugins on the path, each with a strategy, three of them broken in three ways."""
    for number in range(50):
        good = f"""
import tlbench

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("many-{number}", "many_{number}.strategy:Many", summary="one of many")
"""
        (tmp_path / f"many_{number}.py").write_text(BROKEN.get(number, good))
        info = tmp_path / f"many_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: many-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[tlbench]\nmany-{number} = many_{number}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list", "strategies"], ["plugins"]], ids=["help", "list", "plugins"]
)
def test_benchmark_of_start_up_with_fifty_plugins(benchmark, many, arguments):
    benchmark.pedantic(command, arguments, {"folder": many}, rounds=5, warmup_rounds=1)


def test_benchmark_of_imports(benchmark, tmp_path):
    """What `-X importtime` counts from the start to the end of `tlbench --help`, and the five that take longest."""

    def imports():
        line = [sys.executable, "-X", "importtime", "-m", "tlbench", "--help"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
        rows = [row.removeprefix("import time:").split("|") for row in done.stderr.splitlines() if "|" in row][1:]
        return sorted(((int(own), name.strip()) for own, _, name in rows), reverse=True)

    rows = benchmark.pedantic(imports, rounds=3, warmup_rounds=1)
    benchmark.extra_info["milliseconds"] = sum(own for own, _ in rows) / 1000
    benchmark.extra_info["longest"] = [f"{name} {own / 1000:.1f} ms" for own, name in rows[:5]]


@pytest.fixture
def quick(benchmark):
    """The whole suite where its time is taken; where nothing is timed, a part of it shows that the command works."""
    line = ["run", "quick", "-q"]
    return line if benchmark.enabled else [*line, "--pair", "uci:uci_m", "--strategy", "fine-tune"]


def test_benchmark_of_the_suite_quick_with_empty_caches(benchmark, tmp_path, quick):
    benchmark.pedantic(command, quick, {"folder": tmp_path}, rounds=1)


def test_benchmark_of_the_suite_quick_when_all_is_there(benchmark, tmp_path, quick):
    command(*quick, folder=tmp_path)
    benchmark.pedantic(command, quick, {"folder": tmp_path}, rounds=3)
