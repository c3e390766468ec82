"""The template, a fork server: it has imported the libraries and holds no data.

For each job its supervisors fork a run. It speaks JSON lines.

In, on standard input: `{"pool": name, "job": id, "folder": path, "log": path, "memory": bytes or
null, "timeout": seconds or null, "cwd": path, "environment": {…}, "evaluation": path, "sandbox": order or null}`,
`{"kill": pool}`, or `{"import": [module, …]}`. Out, on standard output, each with pool and job, from supervisors:
`{"event": "started", "pid"}`, `{"event": "progress", …}` and `{"event": "ended", "code" or "signal", …}`; runs never
have that channel. When its input closes, because the host is gone, the supervisors end their runs, and it ends; should
it be killed itself, the kernel tells the supervisors.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tlbench.core.allocator import keep_freed_memory
from tlbench.core.library_warnings import shown_if_asked
from tlbench.execution import sandbox
from tlbench.execution.host_channel import send_line
from tlbench.execution.process_tree import adopt_orphans, end_with_parent, ended_children, kill_descendants, send
from tlbench.execution.progress_messages import ProgressWriter
from tlbench.execution.supervisor import STACK_SIGNAL
from tlbench.execution.supervisor_service import serve

#: Seconds that supervisors have to end their runs when the host is gone.
LEAVE_SECONDS = 5.0


def main() -> None:
    """Import what runs need, then serve until the input closes."""
    channel = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not end up between the JSON lines
    with shown_if_asked():  # its terminal is the host's; runs have logs of their own
        _preload()
    adopt_orphans()  # of supervisors that were killed
    os.set_blocking(channel, False)
    send_line(channel, {"event": "ready"})
    keep_freed_memory()
    _Server(channel).serve()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # nothing is left to do, and taking the libraries down in good order takes seconds


def _preload() -> None:
    """Import the heavy libraries once. No step is taken: threads of a parent would not survive a fork."""
    import sklearn.cluster
    import sklearn.linear_model
    import sklearn.model_selection
    import sklearn.pipeline
    import sklearn.preprocessing  # noqa: F401
    import torch

    import tlbench.execution.worker  # noqa: F401

    torch.set_num_threads(1)
    # The first optimizer of a process imports torch's compiler, which takes longer than many a run.
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])


def _import(modules: Sequence[str]) -> None:
    """Import what the runs to come would each import for themselves. What fails fails in them, and is told there."""
    for name in modules:
        with contextlib.suppress(Exception, SystemExit), shown_if_asked():
            importlib.import_module(name)


@dataclass
class _Supervisor:
    """A supervisor of ours, and the pool and job of what it keeps; None while it waits for an order."""

    orders: socket.socket
    whose: dict[str, str] | None = None


class _Server:
    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._supervisors: dict[int, _Supervisor] = {}  # by pid
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self) -> None:
        """A supervisor for each job; the end of those that cannot tell it themselves."""
        rest = b""
        while True:
            ready = {key.fd: key.data for key, _ in self._selector.select()}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            for supervisor in (data for data in ready.values() if data is not None):
                self._hear(supervisor)
            if self._wake in ready:
                self._reap()
            if 0 in ready:
                chunk = os.read(0, 65536)
                if not chunk:
                    self._leave()
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._carry_out(json.loads(line))

    def _carry_out(self, order: dict[str, Any]) -> None:
        if "kill" in order:
            self._end(order["kill"])
        elif "import" in order:
            _import(order["import"])
            for pid in [pid for pid, supervisor in self._supervisors.items() if supervisor.whose is None]:
                self._dismiss(self._supervisors.pop(pid))  # they lack what was imported
        else:
            self._order(order)

    def _order(self, order: dict[str, Any]) -> None:
        """Have a job done by a supervisor that waits, or by a new one."""
        whose = {"pool": order["pool"], "job": order["job"]}
        try:
            supervisor = (
                next((each for each in self._supervisors.values() if each.whose is None), None)
                or self._new_supervisor()
            )
        except OSError as error:
            sys.stderr.write(f"cannot fork: {error}\n")
            send_line(self._channel, {"event": "ended", **whose, "code": os.EX_OSERR})
            return
        supervisor.whose = whose
        with contextlib.suppress(OSError):  # it has ended, which is told when it is reaped
            supervisor.orders.sendall((json.dumps(order) + "\n").encode())

    def _new_supervisor(self) -> _Supervisor:
        ours, its = socket.socketpair()
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._keep(its.detach(), template)
        its.close()
        supervisor = self._supervisors[pid] = _Supervisor(ours)
        self._selector.register(ours, selectors.EVENT_READ, supervisor)
        return supervisor

    def _keep(self, orders: int, template: int) -> None:
        """The life of a supervisor: never back into the server."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            self._selector.close()
            for descriptor in (self._wake, self._waker):
                os.close(descriptor)
            for other in self._supervisors.values():
                other.orders.close()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)  # the host's orders are for the template
            os.close(nothing)
            serve(orders, self._channel, _run, template)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _hear(self, supervisor: _Supervisor) -> None:
        """A supervisor is done with its job, or has ended."""
        said = b""
        with contextlib.suppress(OSError):
            said = supervisor.orders.recv(16)
        if said:
            supervisor.whose = None
        else:
            self._dismiss(supervisor)

    def _dismiss(self, supervisor: _Supervisor) -> None:
        with contextlib.suppress(KeyError, ValueError):  # twice
            self._selector.unregister(supervisor.orders)
        supervisor.orders.close()

    def _reap(self) -> None:
        """Of a supervisor that has ended before its run, the run is ended here, and that is told."""
        for pid, status in ended_children():
            supervisor = self._supervisors.pop(pid, None)
            if supervisor is not None:
                self._dismiss(supervisor)
            if status != 0:  # nobody keeps what it has left to us
                kill_descendants(os.getpid(), spared=self._supervisors)
            if supervisor is not None and supervisor.whose is not None:
                send_line(self._channel, {"event": "ended", **supervisor.whose, "code": 1, "stopped": "unkept"})

    def _end(self, pool: str | None) -> None:
        for pid, supervisor in self._supervisors.items():
            if supervisor.whose is not None and pool in (None, supervisor.whose["pool"]):
                send(pid, signal.SIGTERM)

    def _leave(self) -> None:
        """Let the supervisors end their runs, and nothing be left of those that cannot."""
        self._end(None)
        for supervisor in self._supervisors.values():
            self._dismiss(supervisor)
        until = time.monotonic() + LEAVE_SECONDS
        while self._supervisors and time.monotonic() < until:
            self._reap()
            time.sleep(0.01)
        kill_descendants(os.getpid())


def _run(order: dict[str, Any], progress: int, log: int, supervisor: int, desk: socket.socket) -> None:
    """The life of a run: its log as output, its limits, the job, and out."""
    code = 1
    try:
        os.setpgid(0, 0)
        end_with_parent(signal.SIGKILL, supervisor)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["cwd"])
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # so that the log has the last words
        _show_stacks()
        if order.get("memory"):
            resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))

        if order.get("sandbox"):
            sandbox.enter(order["sandbox"])

        from tlbench.execution.worker import work

        writer = ProgressWriter(progress)
        code = work(order["folder"], writer.at_step, desk, writer.end_if_copied)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _show_stacks() -> None:
    """Into the log, when a run crashes or its supervisor asks; written in C, so that a held lock hinders nothing."""
    faulthandler.enable(2)
    faulthandler.register(STACK_SIGNAL, 2, all_threads=True)


if __name__ == "__main__":
    main()
