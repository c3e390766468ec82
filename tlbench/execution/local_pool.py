"""Runs on this machine: one template, and as many children at once as there are workers."""

from __future__ import annotations

import queue
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.core.plain_text import clipped
from tlbench.errors import TlbenchError
from tlbench.execution.evaluation_inputs import evaluation_file
from tlbench.execution.process_tree import send
from tlbench.execution.sandbox import Order
from tlbench.execution.supervisor import GRACE
from tlbench.execution.template_client import PATIENCE, Events, Template

#: Seconds that a supervisor may be late in ending its run before it is taken for dead itself.
LATE_SECONDS = 5.0
#: Seconds that a template may take to start a job, with the imports that come before the first.
START_SECONDS = 120.0
#: Seconds between two looks at whether everybody is well.
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Event:
    """What became of a job.

    `kind` is `progress`; `ended`, where `details` say how; or `lost`, where the template ended meanwhile, and they say
    whether the job had `started`.
    """

    kind: str
    job: str
    details: dict[str, Any]


class LocalPool:
    """Starts jobs as fresh processes, each with a supervisor that ends it in time, and tells how each ended.

    Where the template ends, as at the hands of a run, its jobs are lost, and the next job has another template.
    """

    def __init__(
        self,
        workers: int,
        threads: int,
        timeout: float | None,
        memory: int | None,
        imports: Sequence[str] = (),
        pass_env: Sequence[str] = (),
    ) -> None:
        self.workers = workers
        self.memory = memory
        self._imports = imports
        self.pass_env = pass_env
        self._threads = threads
        self._timeout = timeout
        self._template: Template | None = None
        self._name = ""
        self._events: Events = queue.Queue()
        self._supervisors: dict[str, int] = {}
        self._latest: dict[str, float] = {}  # when a job has to have started, or ended, at the latest
        self._jobs: set[str] = set()
        self._lost: deque[Event] = deque()
        self._next_look = 0.0

    @property
    def free(self) -> int:
        """How many more jobs can start now."""
        return self.workers - len(self._jobs)

    def submit(self, job: str, folder: Path, log: Path, sandbox: Order | None = None) -> None:
        """Start a job in a fresh process, in a sandbox where one is given."""
        if self._template is not None and self._template.exit_code is not None:
            self._lose()
        if self._template is None:
            self._template = Template.warm(self._threads)
            self._name, self._events = self._template.join()
            if self._imports:
                self._template.preload(self._imports)
        order: dict[str, Any] = {"folder": str(folder), "log": str(log), "memory": self.memory, "sandbox": sandbox}
        order |= {"timeout": self._timeout, "evaluation": str(evaluation_file(folder))}
        self._jobs.add(job)
        if self._timeout is not None:
            self._latest[job] = time.monotonic() + START_SECONDS + self._timeout
        try:
            self._template.start(self._name, job, order, self.pass_env)
        except (OSError, ValueError):
            self._lose()

    def wait(self, seconds: float) -> Event | None:
        """The next event, or None when `seconds` have passed without one.

        Raises `TlbenchError` where a template cannot even start.
        """
        if time.monotonic() >= self._next_look:
            self._look()
        if self._lost:
            return self._lost.popleft()
        try:
            message = self._events.get(timeout=seconds if self._events.empty() else 0)
        except queue.Empty:
            return None
        if message is None:
            self._lose()
            return None
        return self._event(message)

    def close(self) -> None:
        """Kill what runs. The template stays warm for the next pool, and ends with this process."""
        if self._template is None:
            return
        self._template.wake()
        self._template.kill(self._name)
        until = time.monotonic() + PATIENCE
        while self._jobs and time.monotonic() < until:  # the folders of its jobs are about to be removed
            try:
                message = self._events.get(timeout=0.1)
            except queue.Empty:
                continue
            if message is None:
                break
            self._event(message)
        self._template.leave(self._name)
        self._template = None

    def _event(self, message: dict[str, Any]) -> Event | None:
        job, kind = message["job"], message["event"]
        if job not in self._jobs:
            return None  # told twice, by a supervisor and by the template after it
        if kind == "started":
            self._supervisors[job] = message["pid"]
            if self._timeout is not None:
                self._latest[job] = time.monotonic() + self._timeout + GRACE + LATE_SECONDS
            return None
        if kind == "ended":
            self._forget(job)
            if message.get("stopped") == "asked":  # not by us: its supervisor has lost the template
                return Event("lost", job, {"started": True})
        elif kind == "progress":
            message = {**message, "phase": clipped(message["phase"], 64)}
        return Event(kind, job, message)

    def _forget(self, job: str) -> None:
        self._jobs.discard(job)
        self._supervisors.pop(job, None)
        self._latest.pop(job, None)

    # ---- whether everybody is well --------------------------------------------------------------------------------

    def _look(self) -> None:
        """See that nobody is stopped or dead: a run may have sent a signal to whoever it liked."""
        self._next_look = time.monotonic() + LOOK_SECONDS
        if self._template is None:
            return
        if self._template.exit_code is not None:
            self._lose()
            return
        self._template.wake()
        for pid in self._supervisors.values():
            send(pid, signal.SIGCONT)
        now = time.monotonic()
        for job in [job for job, latest in self._latest.items() if now > latest]:
            if job in self._supervisors:  # the run ends with its supervisor, and the template says so
                send(self._supervisors.pop(job), signal.SIGKILL)
                self._latest[job] = now + LATE_SECONDS
            else:  # neither does the template answer
                self._template.kill_now()
                del self._latest[job]

    def _lose(self) -> None:
        """Nothing of this template's jobs is known any more; the next job is started from another one."""
        template, self._template = self._template, None
        if template is None:
            return
        if not template.ready:
            raise TlbenchError(
                f"the process that runs are forked from cannot start (exit code {template.exit_code}); what is done is "
                "kept. Run again; where it happens again, see what it says above"
            )
        self._imports = ()  # which may be what ended it: each run imports for itself
        for pid in self._supervisors.values():
            send(pid, signal.SIGCONT)
        template.kill_now()
        template.leave(self._name)
        while not self._events.empty():  # what ended before
            message = self._events.get()
            event = None if message is None else self._event(message)
            if event is not None and event.kind != "progress":  # `lost` too: a supervisor may be the first to say so
                self._lost.append(event)
        for job in sorted(self._jobs):
            self._lost.append(Event("lost", job, {"started": job in self._supervisors}))
            self._forget(job)
