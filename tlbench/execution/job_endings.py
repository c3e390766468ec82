"""What the end of a job's process means for it: an outcome, another try, or the end of the session."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.execution.handed_back import HandedBack
from tlbench.execution.job_outcome import Limits, outcome_of
from tlbench.execution.local_pool import Event, LocalPool
from tlbench.execution.work_items import WorkItem
from tlbench.files import MAKE_ROOM, has_room

#: Bytes that have to fit on a disk where a run ended without a result; where they do not, the disk is why.
ROOM = 4 * 2**20
#: How often a job may find no template to start from.
TRIES = 5


@dataclass(frozen=True)
class JobEndings:
    """Judges how the jobs of a session ended. `queue` takes those that are done again, `places` are its disks."""

    pool: LocalPool
    queue: deque[WorkItem]
    timeout: float | None
    places: Sequence[Path]

    def outcome(self, work: WorkItem, event: Event) -> dict[str, Any] | None:
        """How a job ended; None where it is to be done again, alone, because others may have been to blame.

        Raises `TlbenchError` where it is the disk that is full.
        """
        if event.kind == "lost" and self._lost(work, started=event.details["started"]):
            return None
        details = {"stopped": "template"} if event.kind == "lost" else event.details
        output = outcome_of(handed_by(work), details, Limits(self.timeout, self.pool.memory))
        if output["status"] in ("disk_full", "crashed", "failed"):
            self._check_room(work, output)
        if output["status"] == "disk_full":
            if self._again(work, "it had met a full disk"):
                return None
            output["status"] = "failed"
        device = output["status"] == "out_of_memory" and output["error"]["type"] == "OutOfMemoryError"
        if device and self.pool.workers > 1:
            if self._again(work, "beside others it had found too little memory on the device"):
                return None
            output["error"]["message"] = f"also alone on the device: {output['error']['message']}"
        return output

    def _lost(self, work: WorkItem, *, started: bool) -> bool:
        """Do a job once more that the template took along; one that had not started has nothing to do with it."""
        if started:
            return self._again(work, "the process that runs are forked from had ended")
        work.tries += 1
        if work.tries > TRIES:
            return False
        self.queue.append(work)
        return True

    def _again(self, work: WorkItem, why: str) -> bool:
        """Do a job once more, in the same way and alone, after all others; False where that has been done."""
        if work.alone:
            return False
        work.alone, work.again = True, why
        self.queue.append(work)
        return True

    def _check_room(self, work: WorkItem, output: dict[str, Any]) -> None:
        """Raises `TlbenchError` where a job cannot have succeeded, for the disk is full."""
        for place in (*self.places, Path(tempfile.gettempdir())):
            if not has_room(place, ROOM):
                said = output["error"]["message"][:200]
                raise TlbenchError(f"the disk of {place} is full, so {work.label} ended ({said}){MAKE_ROOM}")


def handed_by(work: WorkItem) -> HandedBack:
    """The folder of a job that was started."""
    assert work.handed is not None
    return work.handed
