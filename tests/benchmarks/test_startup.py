"""Timings, not assertions: `tox -e benchmarks` or `pytest tests/benchmarks --benchmark-enable`."""

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


def test_benchmark_of_the_suite_quick_with_empty_caches(benchmark, tmp_path):
    benchmark.pedantic(command, ["run", "quick", "-q"], {"folder": tmp_path}, rounds=1)


def test_benchmark_of_the_suite_quick_when_all_is_there(benchmark, tmp_path):
    command("run", "quick", "-q", folder=tmp_path)
    benchmark.pedantic(command, ["run", "quick", "-q"], {"folder": tmp_path}, rounds=3)
