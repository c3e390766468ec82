"""Arrays that memory may not hold: small ones are in it, large ones in a file that leaves nothing behind."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from tlbench.errors import DataError
from tlbench_datasets.shared import scratch_arrays
from tlbench_datasets.shared.scratch_arrays import scratch_array


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scratch_arrays, "IN_MEMORY_BYTES", 1000)


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(DataError, match=r"cannot make room for .* in .*scratch: No space left.*TLBENCH_CACHE"):
        scratch_array((1001,), np.uint8)
    assert not list((tmp_path / "cache" / "scratch").iterdir())


def test_small_arrays_are_in_memory(tmp_path):
    assert not isinstance(scratch_array((10, 100), np.uint8), np.memmap)
    assert not (tmp_path / "cache").exists()


def test_large_arrays_keep_what_is_written_to_them_and_leave_no_file(tmp_path):
    array = scratch_array((3, 500), np.int32)
    assert isinstance(array, np.memmap)
    array[:] = np.arange(1500).reshape(3, 500)
    assert not list((tmp_path / "cache" / "scratch").iterdir())
    assert array[:2][1].tolist() == list(range(500, 1000))
    assert array.dtype == np.int32
