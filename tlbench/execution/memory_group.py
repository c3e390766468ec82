"""A control group of the kernel (cgroup v2) that holds a run, and all that it starts, to `--memory`.

It counts what no list of processes shows, such as files in `/dev/shm` that nobody has open any more. It can be had
where the cgroup that this process is in, or the one above, may be written and hands its memory controller on: as root,
or in a user's own systemd session. Elsewhere memory is measured (`process_tree.py`).
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

#: Where cgroups are mounted.
ROOT = Path("/sys/fs/cgroup")
#: Seconds that the kernel may take to notice that a group is empty.
EMPTY_SECONDS = 1.0


class MemoryGroup:
    """A group with a limit. `at` is its folder."""

    def __init__(self, at: Path) -> None:
        self.at = at

    @classmethod
    def create(cls, limit: int, membership: str | None = None) -> MemoryGroup | None:
        """A group of this process's own with so many bytes, or None where there can be none.

        `membership` is what `/proc/self/cgroup` says.
        """
        for parent in _parents(membership):
            group = parent / f"tlbench-{os.getpid()}"
            try:
                if "memory" not in (parent / "cgroup.subtree_control").read_text().split():
                    continue
                group.mkdir()
                (group / "memory.max").write_text(str(limit))
            except OSError:
                with contextlib.suppress(OSError):
                    group.rmdir()
                continue
            for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):  # swap may be off
                with contextlib.suppress(OSError):
                    (group / name).write_text(value)
            return cls(group)
        return None

    def take(self, pid: int) -> bool:
        """Move a process into the group, with all that it will start; whether that was allowed."""
        try:
            (self.at / "cgroup.procs").write_text(str(pid))
        except OSError:
            return False
        return True

    @property
    def kills(self) -> int:
        """How many of its processes the kernel has killed for the limit."""
        with contextlib.suppress(OSError, ValueError):
            events = dict(line.split() for line in (self.at / "memory.events").read_text().splitlines())
            return int(events.get("oom_kill", 0))
        return 0

    @property
    def peak(self) -> int:
        """The most bytes that it has held (Linux 5.19), else the limit."""
        for name in ("memory.peak", "memory.max"):
            with contextlib.suppress(OSError, ValueError):
                return int((self.at / name).read_text())
        return 0

    def remove(self) -> None:
        """Remove it, once nothing is left in it."""
        until = time.monotonic() + EMPTY_SECONDS
        while True:
            try:
                self.at.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > until:
                    return
                time.sleep(0.01)
            else:
                return


def _parents(membership: str | None) -> list[Path]:
    """The cgroup that this process is in, and the one above it, where there are any of version 2."""
    with contextlib.suppress(OSError):
        text = Path("/proc/self/cgroup").read_text() if membership is None else membership
        for line in text.splitlines():
            if line.startswith("0::/"):
                own = ROOT / line.removeprefix("0::/")
                found = [own] if own == ROOT else [own, own.parent]
                return [place for place in found if (place / "cgroup.controllers").exists()]
    return []
