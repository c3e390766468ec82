"""A process and all that it has started: who they are, what memory they hold, and how the kernel counts its own kills.

Read from `/proc` (proc(5)); where there is none, a tree is its root alone and nothing is measured.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
#: Files that are memory: their pages count although nobody may have mapped them.
MEMORY_FILES = ("/memfd:", "/dev/shm/")
#: Seconds in which a tree that is killed has to be gone; a process that waits for a broken disk cannot be killed.
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class TreeMemory:
    """Bytes that a tree holds: of its own, and shared; what others share with it counts for its part alone."""

    private: int
    shared: int
    processes: int

    @property
    def total(self) -> int:
        """Both."""
        return self.private + self.shared


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind, whatever session it is in (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(how: int, parent: int) -> None:
    """Ask the kernel to send this process a signal when its parent ends (Linux). Exits where it has ended already."""
    _prctl(PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:
        os._exit(1)


def descendants(root: int) -> list[int]:
    """The processes below one, children before their own children."""
    found: list[int] = []
    level = [root]
    while level:
        level = [child for pid in level for child in _children(pid)]
        found += level
    return found


def kill_descendants(root: int, spared: Iterable[int] = ()) -> bool:
    """Kill all that is below this process, again until nothing is left; whether that was reached.

    `root` is the caller, which adopts orphans: whatever is forked meanwhile comes to it and is found the next time.
    Children that are `spared` are kept, with all that is below them.
    """
    kept = set(spared)
    until = time.monotonic() + KILL_SECONDS
    while time.monotonic() < until:
        below = [pid for child in _children(root) if child not in kept for pid in (*descendants(child), child)]
        if not below:
            return True
        for pid in below:
            send(pid, signal.SIGKILL)
        for pid in below:  # those that are this process's own children
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)
    return False


def ended_children() -> Iterator[tuple[int, int]]:
    """Process and status of each child, or orphan that came here, that has ended since the last time."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def send(pid: int, how: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, how)


def memory_of(pids: Iterable[int], limit: int) -> TreeMemory:
    """The memory of processes; what they share with others, as after a fork, is told apart only beyond `limit`.

    For the kernel has counters of what each has mapped, which cost nothing, and takes milliseconds to divide it.
    """
    members = list(pids)
    shared_files = sum(_memory_files(members).values())
    parts = [_status(pid) for pid in members]
    if sum(private + shared for private, shared in parts) + shared_files > limit:
        parts = [_rollup(pid) for pid in members]
    shared = max(sum(shared for _, shared in parts), shared_files)  # most memory files are mapped too
    return TreeMemory(sum(private for private, _ in parts), shared, len(members))


def memory_kills() -> dict[str, int]:
    """How many processes the kernel has killed for lack of memory so far, by the counter that says so.

    `memory.events` is of the cgroup that this process is in, `/proc/vmstat` of the whole system.
    """
    found = {}
    for source in (*_cgroup_counters(), Path("/proc/vmstat")):
        with contextlib.suppress(OSError, ValueError, IndexError):
            (line,) = (line for line in source.read_text().splitlines() if line.startswith("oom_kill "))
            found[str(source)] = int(line.split()[1])
    return found


def _cgroup_counters() -> list[Path]:
    """Of version 2 `memory.events`, of version 1 `memory.oom_control`."""
    places = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                places.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
            elif controllers == "memory":
                places.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    return places


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - half as dear
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:  # noqa: PTH123
                found += map(int, file.read().split())
    return found


def _status(pid: int) -> tuple[int, int]:
    """Bytes: anonymous memory, in RAM or swapped out, and shared memory."""
    at = _kib(f"/proc/{pid}/status", ("RssAnon:", "VmSwap:", "RssShmem:"))
    return at["RssAnon:"] + at["VmSwap:"], at["RssShmem:"]


def _rollup(pid: int) -> tuple[int, int]:
    """As `_status`, but what several processes have counts for each of them in part (Linux 5.4)."""
    at = _kib(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "SwapPss:", "Pss_Shmem:"))
    return at["Pss_Anon:"] + at["SwapPss:"], at["Pss_Shmem:"]


def _kib(file: str, names: tuple[str, ...]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    with contextlib.suppress(OSError, ValueError):
        for line in Path(file).read_text().splitlines():
            name, *rest = line.split()
            if name in found:
                found[name] = int(rest[0]) * 1024
    return found


def _memory_files(pids: Iterable[int]) -> dict[tuple[int, int], int]:
    """Bytes in open files that are memory, by device and inode, so that one that several have open counts once."""
    found: dict[tuple[int, int], int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - as above
                with contextlib.suppress(OSError):
                    path = f"/proc/{pid}/fd/{name}"
                    if os.readlink(path).startswith(MEMORY_FILES):  # noqa: PTH115
                        about = os.stat(path)  # noqa: PTH116
                        found[about.st_dev, about.st_ino] = about.st_blocks * 512
    return found
