"""`--memory` holds for a run and all that it starts, for memory of its own and for what is shared."""

from __future__ import annotations

import pytest
from faults import carry_out

from tlbench.execution import memory_group
from tlbench.execution.job_outcome import Limits, describe_end
from tlbench.execution.memory_group import MemoryGroup
from tlbench.execution.process_tree import TreeMemory, memory_of

LIMIT = 2**31
HEAP = "held = [bytearray(2**24) for _ in range(512)]"
GROWING = {
    "shared": "import mmap\nheld = mmap.mmap(-1, 2**33)\nfor at in range(0, 2**33, 4096):\n    held[at] = 1\n",
    "file": """
import os
descriptor = os.memfd_create("held")  # never mapped
for _ in range(2**9):
    os.write(descriptor, bytes(2**24))
""",
    "children": """
import os, time
for _ in range(12):
    if os.fork() == 0:
        os.setsid()
        held = bytearray(b"1") * 2**29
        time.sleep(3600)
time.sleep(3600)
""",
}


def test_growth_of_the_heap_meets_the_limit_in_the_run_itself(tmp_path):
    ended = carry_out(tmp_path, {"heap": HEAP}, memory=LIMIT)
    assert ended["heap"]["code"] == 1
    assert "MemoryError" in (tmp_path / "heap" / "log.txt").read_text()


@pytest.mark.parametrize("what", GROWING)
def test_growth_that_no_limit_of_one_process_sees_is_measured_and_named(tmp_path, what):
    ended = carry_out(tmp_path, {what: GROWING[what]}, memory=LIMIT)[what]
    assert ended["stopped"] == "memory"
    assert LIMIT < ended["held"] < 4 * LIMIT
    status, _, message = describe_end(ended, Limits(None, LIMIT))
    assert status == "out_of_memory"
    assert "--memory 2 GiB" in message
    assert ("processes" in message) == (what == "children")
    assert ("shared" in message) == (what != "children")


def test_what_two_processes_share_counts_once(monkeypatch):
    monkeypatch.setattr("tlbench.execution.process_tree._status", lambda pid: (10, 0))
    monkeypatch.setattr("tlbench.execution.process_tree._rollup", lambda pid: (5, 0))
    monkeypatch.setattr("tlbench.execution.process_tree._memory_files", lambda pids: {})
    assert memory_of([1, 2], 100) == TreeMemory(20, 0, 2)  # far below the limit nobody divides it
    assert memory_of([1, 2], 15) == TreeMemory(10, 0, 2)


# ---- control groups, by files of the same names ---------------------------------------------------------------------


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """A tree of groups: of its slice alone the memory controller is handed on."""
    monkeypatch.setattr(memory_group, "ROOT", tmp_path)
    scope = tmp_path / "user.slice" / "terminal.scope"
    scope.mkdir(parents=True)
    for place, handed_on in ((scope.parent, "cpu memory pids"), (scope, "")):
        (place / "cgroup.controllers").write_text("cpu memory pids")
        (place / "cgroup.subtree_control").write_text(handed_on)
    return scope


def test_a_group_is_made_where_the_memory_controller_is_handed_on(cgroups):
    group = MemoryGroup.create(LIMIT, "4:memory:/old\n0::/user.slice/terminal.scope\n")
    assert group.at.parent == cgroups.parent
    assert (group.at / "memory.max").read_text() == str(LIMIT)
    assert group.take(17)
    assert (group.at / "cgroup.procs").read_text() == "17"
    assert group.kills == 0
    (group.at / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 3\n")
    (group.at / "memory.peak").write_text("2147483000\n")
    assert (group.kills, group.peak) == (3, 2147483000)


@pytest.mark.parametrize("membership", ["", "4:memory:/old\n", "0::/nowhere/at/all\n", "0::/\n"])
def test_without_a_group_memory_is_measured(cgroups, membership):
    assert MemoryGroup.create(LIMIT, membership) is None
