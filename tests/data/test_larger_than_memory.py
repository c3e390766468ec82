"""A set of images that memory does not hold is made ready and trained on: what is allowed is less than it takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from large_arrays import run_within, suite, write_images

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")

SIDE = 32
COUNT = 110_000  # 338 MB, of which the training data alone are more than is ever copied
SMALL = 400
#: Allowed beside what the libraries take: the larger domain does not fit.
MARGIN = 300 * 10**6
WHOLE = f"""
import re, resource, numpy
from tlbench.execution import template
template._preload()
status = open("/proc/self/status").read()
limit = int(re.search(r"VmData:\\s+(\\d+) kB", status)[1]) * 1024 + {MARGIN}
print(limit, flush=True)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
numpy.load("data/one/inputs.npy")
"""


@pytest.fixture
def folder(tmp_path):
    for name, count in (("one", COUNT), ("two", SMALL)):
        write_images(tmp_path / "data" / name, count, SIDE, count)
    yield tmp_path
    shutil.rmtree(tmp_path)  # it is large, and temporary folders are kept for a while


def test_a_suite_runs_on_more_data_than_memory_may_hold(folder):
    read = subprocess.run([sys.executable, "-c", WHOLE], cwd=folder, capture_output=True, text=True, check=False)
    assert "MemoryError" in read.stderr
    (folder / "large.toml").write_text(suite(Path("data")))
    done = run_within(int(read.stdout), ["-m", "tlbench", "run", "large.toml", "--workers", "1"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dann" in done.stdout
