"""Runs on this machine: one template, and as many children at once as there are workers."""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.execution.evaluation_inputs import evaluation_file
from tlbench.execution.sandbox import Order
from tlbench.execution.template import kill_group
from tlbench.execution.template_client import PATIENCE, Events, Template


@dataclass(frozen=True)
class Event:
    """What became of a job: `kind` is `progress` or `ended`; `outcome` says how it ended."""

    kind: str
    job: str
    details: dict[str, Any]


class LocalPool:
    """Starts jobs as fresh processes, kills those that run past their time, tells how each ended."""

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
        self._imports = imports
        self.pass_env = pass_env
        self._threads = threads
        self._timeout = timeout
        self._memory = memory
        self._template: Template | None = None
        self._name = ""
        self._events: Events = queue.Queue()
        self._pids: dict[str, int] = {}
        self._deadlines: dict[str, float] = {}
        self._timed_out: set[str] = set()
        self._jobs: set[str] = set()

    @property
    def free(self) -> int:
        """How many more jobs can start now."""
        return self.workers - len(self._jobs)

    def submit(self, job: str, folder: Path, log: Path, sandbox: Order | None = None) -> None:
        """Start a job in a fresh process, in a sandbox where one is given."""
        if self._template is None:
            self._template = Template.warm(self._threads)
            self._name, self._events = self._template.join()
            if self._imports:
                self._template.preload(self._imports)
        order: dict[str, Any] = {"folder": str(folder), "log": str(log), "memory": self._memory, "sandbox": sandbox}
        order["evaluation"] = str(evaluation_file(folder))
        try:
            self._template.start(self._name, job, order, self.pass_env)
        except (OSError, ValueError) as error:
            raise TlbenchError(self._lost_template()) from error
        self._jobs.add(job)

    def wait(self, seconds: float) -> Event | None:
        """The next event, or None when `seconds` have passed without one. Kills what is past its time."""
        try:
            message = self._events.get(timeout=seconds if self._events.empty() else 0)
        except queue.Empty:
            # Only now: a job that has ended meanwhile, while the host was busy, must not count as late.
            self._kill_late()
            if self._template is not None and self._template.exit_code is not None:
                raise TlbenchError(self._lost_template()) from None
            return None
        if message is None:
            raise TlbenchError(self._lost_template())
        return self._event(message)

    def close(self) -> None:
        """Kill what runs. The template stays warm for the next pool, and ends with this process."""
        if self._template is None:
            return
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
        job = message["job"]
        if message["event"] == "started":
            self._pids[job] = message["pid"]
            if self._timeout is not None:
                self._deadlines[job] = time.monotonic() + self._timeout
            return None
        if message["event"] == "ended":
            self._jobs.discard(job)
            self._pids.pop(job, None)
            self._deadlines.pop(job, None)
            return Event("ended", job, {**message, "timed_out": job in self._timed_out})
        return Event(message["event"], job, message)

    def _kill_late(self) -> None:
        now = time.monotonic()
        for job, deadline in list(self._deadlines.items()):
            if now > deadline:
                del self._deadlines[job]
                self._timed_out.add(job)
                kill_group(self._pids[job])

    def _lost_template(self) -> str:
        code = self._template.exit_code if self._template is not None else None
        return (
            f"the process that runs are forked from has ended (exit code {code}); what is done is kept. "
            "Run again; where it happens again, run with --debug"
        )


def describe_end(details: dict[str, Any], timeout: float | None) -> tuple[str, str, str]:
    """Status, error type and message for a process that ended without handing back a result."""
    if details.get("timed_out"):
        return "timeout", "Timeout", f"ran past --timeout {timeout:g}s and was ended"
    if "signal" in details:
        name = signal.Signals(details["signal"]).name
        hint = "; most likely the system was out of memory" if name == "SIGKILL" else ""
        return "crashed", name, f"its process was ended by {name}{hint}"
    return "crashed", "Exit", f"its process ended by itself with exit code {details['code']}, without a result"
