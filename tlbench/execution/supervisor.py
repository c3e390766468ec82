"""A supervisor: the process between the template and a run, which holds the run to its limits.

It has an interpreter of its own, so that no run, no neighbour and no busy host can make it late. It adopts whatever the
run leaves behind, in whatever session, and ends only when all of that is gone. To the host it says that the run has
started, how far it is, and how it ended; of what the run writes into the pipe between them it believes nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tlbench.execution import sandbox
from tlbench.execution.evaluation_inputs import Desk
from tlbench.execution.host_channel import send_line
from tlbench.execution.memory_group import MemoryGroup
from tlbench.execution.process_tree import (
    TreeMemory,
    descendants,
    ended_children,
    kill_descendants,
    memory_kills,
    memory_of,
    send,
)
from tlbench.execution.progress_messages import READ_BYTES, AtStep, Copied, Garbled, messages_in, whole_bytes
from tlbench.execution.run_log import RunLog
from tlbench.execution.supervisor_signals import Signals

#: Seconds that a run has after SIGTERM, before SIGKILL.
GRACE = 2.0
#: Seconds between two looks at memory and at the size of the log.
LOOK_SECONDS = 0.1
#: Least seconds between two messages of progress that are passed on.
PROGRESS_SECONDS = 0.05
#: A run writes its stack into the log on this signal, which no library uses.
STACK_SIGNAL = signal.SIGRTMIN + 7 if hasattr(signal, "SIGRTMIN") else signal.SIGUSR2
#: Seconds in which it is written.
STACK_SECONDS = 0.05
#: Seconds that processes of a run may live longer than the run without being noted.
END_SECONDS = 0.3

#: What is done in a run's process: its order, the pipe for its progress, its log, the process that keeps it.
#: and its end of the socket at which it asks for what it is tested on.
RunProcess = Callable[[dict[str, Any], int, int, int, socket.socket], None]


@dataclass
class _Watched:
    """What a supervisor knows of its run."""

    pid: int
    deadline: float | None
    memory: int | None
    stopped: dict[str, Any] = field(default_factory=dict)
    copies: set[int] = field(default_factory=set)
    status: int | None = None


class Supervisor:
    """Runs one order and reports its end.

    `channel` leads to the host, `orders` to the template; the run has neither.
    """

    def __init__(self, order: dict[str, Any], channel: int, orders: int, signals: Signals) -> None:
        self._order = order
        self._channel = channel
        self._orders = orders
        self._signals = signals
        self._whose = {"pool": order["pool"], "job": order["job"]}
        self._heard = -1
        self._desk = Desk()
        self._asked = -1
        self._rest = b""
        self._last_told = 0.0

    def keep(self, run: RunProcess) -> None:
        """Start the run, hold it to its limits, and report how it ended."""
        kills, began = memory_kills(), time.monotonic()
        try:
            log = RunLog.create(self._order["log"])
        except OSError as error:  # its session was interrupted meanwhile, or the disk is full
            self._report({"code": 1, "no_log": error.strerror or str(error)})
            return
        try:
            watched = self._start(run, log)
        except OSError:  # as many processes as there may be
            self._report({"code": os.EX_OSERR})
        else:
            self._watch(watched, log, kills, began)
        finally:
            log.close()
            self._desk.leave()
            if self._heard >= 0:
                os.close(self._heard)

    def _watch(self, watched: _Watched, log: RunLog, kills: dict[str, int], began: float) -> None:
        group = None if watched.memory is None else MemoryGroup.create(watched.memory)
        if group is not None:
            group.take(watched.pid)
        while watched.status is None:
            self._wait(watched)
            self._reap(watched)
            self._look(watched, log)
        self._report(self._clear_up(watched, group) | {"wall_seconds": time.monotonic() - began} | _risen(kills))

    def _clear_up(self, watched: _Watched, group: MemoryGroup | None) -> dict[str, Any]:
        """End what the run has left behind; how it ended."""
        left = [] if watched.stopped or self._signals.asked_to_end else self._left_behind(watched)
        gone = kill_descendants(os.getpid())
        self._listen(watched)  # what was said last
        if group is not None:
            if group.kills and not watched.stopped:
                watched.stopped = {"stopped": "memory", "held": group.peak, "shared": 0, "processes": 1}
            group.remove()
        if watched.copies:
            watched.stopped.setdefault("copies", len(watched.copies))
        if self._signals.asked_to_end:  # by the host, or because the template has ended
            watched.stopped = {"stopped": "asked"}
        assert watched.status is not None  # it has ended
        ending = {**_ending(watched.status), **watched.stopped}
        return {**ending, "left_behind": len(left), "cannot_be_killed": not gone}

    def _left_behind(self, watched: _Watched) -> list[int]:
        """What does not end by itself soon after the run, as the helpers of multiprocessing do."""
        until = time.monotonic() + END_SECONDS
        while (left := descendants(os.getpid())) and time.monotonic() < until:
            time.sleep(0.01)
            self._reap(watched)
        return left

    def _start(self, run: RunProcess, log: RunLog) -> _Watched:
        supervisor = os.getpid()
        _warm(self._order)
        theirs, self._asked = self._desk.open(self._order.get("evaluation") or os.devnull)
        self._heard, tell = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            theirs.close()
            os.close(tell)
            raise
        if pid == 0:
            self._signals.leave_to_a_run()
            for descriptor in (self._channel, self._orders, self._heard):
                os.close(descriptor)
            self._desk.leave()
            run(self._order, tell, log.descriptor, supervisor, theirs)
            os._exit(1)  # never reached: a run ends its process itself
        theirs.close()
        with contextlib.suppress(OSError):  # here too, for whoever is first
            os.setpgid(pid, pid)
        os.close(tell)
        os.set_blocking(self._heard, False)
        limit = self._order.get("timeout")
        self._send({"event": "started", **self._whose, "pid": supervisor})
        return _Watched(pid, None if limit is None else time.monotonic() + limit, self._order.get("memory"))

    # ---- while it runs --------------------------------------------------------------------------------------------

    def _wait(self, watched: _Watched) -> None:
        """Until something is heard, a process ends, or it is time for a look."""
        seconds = LOOK_SECONDS if watched.memory is not None else 10 * LOOK_SECONDS
        if watched.deadline is not None:
            seconds = min(seconds, max(0.0, watched.deadline - time.monotonic()))
        poll = select.poll()
        for descriptor in (self._signals.wake, self._heard, self._asked):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        if self._asked in [descriptor for descriptor, _ in poll.poll(seconds * 1000)]:  # it has trained, or ended
            self._desk.answer(self._asked)
            self._asked = -1
        with contextlib.suppress(BlockingIOError):
            os.read(self._signals.wake, 4096)
        self._listen(watched)

    def _listen(self, watched: _Watched) -> None:
        """Take what the run says; nobody listens any more to one that says what is no message."""
        if self._heard < 0:
            return
        try:
            received = os.read(self._heard, READ_BYTES)
        except BlockingIOError:
            return
        try:
            if not received:  # it has closed its end
                raise Garbled
            self._rest += received
            whole = whole_bytes(self._rest)
            latest: AtStep | None = None
            for message in messages_in(self._rest[:whole]):
                if isinstance(message, Copied):
                    watched.copies.add(message.pid)
                else:
                    latest = message
            self._rest = self._rest[whole:]
        except Garbled:
            os.close(self._heard)
            self._heard, self._rest = -1, b""
            return
        self._pass_on(latest)
        if len(received) > READ_BYTES // 16:  # it talks without end, and must not keep a core busy here too
            time.sleep(0.02)

    def _pass_on(self, at: AtStep | None) -> None:
        now = time.monotonic()
        if at is not None and (now - self._last_told >= PROGRESS_SECONDS or at.step == at.steps):
            self._last_told = now
            where = {"phase": at.phase, "step": at.step, "steps": at.steps}
            self._send({"event": "progress", **self._whose, **where}, droppable=True)

    def _reap(self, watched: _Watched) -> None:
        """Take the ends of the run and of the orphans that came here."""
        for pid, status in ended_children():
            if pid == watched.pid:
                watched.status = status

    def _look(self, watched: _Watched, log: RunLog) -> None:
        """Hold the run to its limits."""
        if watched.status is not None:
            return
        log.trim()
        if self._signals.asked_to_end:
            self._kill(watched)
        elif watched.deadline is not None and time.monotonic() >= watched.deadline:
            watched.stopped = {"stopped": "timeout"}
            self._stop(watched)
        elif watched.memory is not None:
            held = memory_of(descendants(os.getpid()), watched.memory)
            if held.total > watched.memory:
                watched.stopped = {"stopped": "memory", **_in_bytes(held)}
                self._write_stack(watched)
                self._kill(watched)

    # ---- how it is ended ------------------------------------------------------------------------------------------

    def _stop(self, watched: _Watched) -> None:
        """The stack into the log, SIGTERM to all, some time to end, SIGKILL to all."""
        self._write_stack(watched)
        for pid in (watched.pid, *descendants(os.getpid())):
            send(pid, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while watched.status is None and time.monotonic() < until and not self._signals.asked_to_end:
            time.sleep(0.01)
            self._listen(watched)
            self._reap(watched)
        if watched.status is None:
            self._kill(watched)

    @staticmethod
    def _write_stack(watched: _Watched) -> None:
        send(watched.pid, STACK_SIGNAL)
        time.sleep(STACK_SECONDS)

    def _kill(self, watched: _Watched) -> None:
        for pid in (watched.pid, *descendants(os.getpid())):
            send(pid, signal.SIGKILL)
        until = time.monotonic() + GRACE
        while watched.status is None and time.monotonic() < until:
            self._reap(watched)
            time.sleep(0.001)
        if watched.status is None:  # it waits for a device and hears no signal: nothing can be done from here
            watched.status = signal.SIGKILL

    # ---- what the host hears --------------------------------------------------------------------------------------

    def _report(self, ended: dict[str, Any]) -> None:
        self._send({"event": "ended", **self._whose, **ended})

    def _send(self, message: dict[str, Any], *, droppable: bool = False) -> None:
        send_line(self._channel, message, droppable=droppable)


def _ending(status: int) -> dict[str, int]:
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status)}


def _risen(before: dict[str, int]) -> dict[str, dict[str, int]]:
    """By how much the kernel's counters of its own kills have risen."""
    risen = {name: count - before.get(name, 0) for name, count in memory_kills().items()}
    return {"memory_kills": {name: count for name, count in risen.items() if count > 0}}


def _in_bytes(held: TreeMemory) -> dict[str, int]:
    return {"held": held.total, "shared": held.shared, "processes": held.processes}


def _warm(order: dict[str, Any]) -> None:
    """Make the sandbox ready before the fork; what fails here fails in the run too, and is told there."""
    if order.get("sandbox"):
        with contextlib.suppress(Exception):
            sandbox.warm(order["sandbox"])
