"""The template: a process that has imported the libraries, holds no data, and forks a fresh child for each job.

It speaks JSON lines. In, on standard input: `{"pool": name, "job": id, "folder": path, "log": path, "memory": bytes or
null, "cwd": path, "environment": {…}, "evaluation": path, "sandbox": order or null}`, `{"kill": pool}`, or `{"import":
[module, …]}`. Out, on standard output, each with pool and job: `{"event": "started", "pid"}`, from children
`{"event": "progress", …}`, and `{"event": "ended", "code" or "signal"}`. When its input closes, because the host is
gone, it kills its children and ends; should it be killed itself, the kernel kills them. Each child leads a process
group of its own.

A child that has trained asks over a socket of its own for what its run is tested on (`evaluation_inputs.py`).
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlbench.core.library_warnings import shown_if_asked
from tlbench.execution import sandbox
from tlbench.execution.evaluation_inputs import Desk

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Import what runs need, then serve until the input closes."""
    channel = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not end up between the JSON lines
    with shown_if_asked():  # its terminal is the host's; runs have logs of their own
        _preload()
    _send(channel, {"event": "ready"})
    _Server(channel).serve()


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
        with contextlib.suppress(Exception), shown_if_asked():
            importlib.import_module(name)


class _Server:
    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._children: dict[int, dict[str, Any]] = {}  # by pid the pool and the job
        self._desk = Desk()
        self._selector = selectors.DefaultSelector()
        self._wake, waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Fork for each job, report each end."""
        selector = self._selector
        selector.register(0, selectors.EVENT_READ)
        selector.register(self._wake, selectors.EVENT_READ)
        rest = b""
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._reap()
            for number in ready - {0, self._wake}:  # a run has trained, or ended
                selector.unregister(number)
                self._desk.answer(number)
            if 0 in ready:
                chunk = os.read(0, 65536)
                if not chunk:
                    self._kill_all()
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    order = json.loads(line)
                    if "kill" in order:
                        self._kill(order["kill"])
                    elif "import" in order:
                        _import(order["import"])
                    else:
                        self._fork(order)

    def _fork(self, order: dict[str, Any]) -> None:
        whose = {"pool": order["pool"], "job": order["job"]}
        _warm(order)
        theirs, ours = self._desk.open(order.get("evaluation") or os.devnull)
        try:
            pid = os.fork()
        except OSError as error:
            theirs.close()
            self._desk.answer(ours)
            sys.stderr.write(f"cannot fork: {error}\n")
            _send(self._channel, {"event": "ended", **whose, "code": 71})  # EX_OSERR of sysexits.h
            return
        if pid == 0:
            self._desk.leave()
            self._selector.close()
            _child(order, self._channel, theirs)
        theirs.close()
        self._selector.register(ours, selectors.EVENT_READ)
        self._children[pid] = whose
        _send(self._channel, {"event": "started", **whose, "pid": pid})

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            whose = self._children.pop(pid, {})
            ended = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"code": os.WEXITSTATUS(status)}
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # whatever the run has started and left behind
            _send(self._channel, {"event": "ended", **whose, **ended})

    def _kill_all(self) -> None:
        for pool in {whose["pool"] for whose in self._children.values()}:
            self._kill(pool)

    def _kill(self, pool: str) -> None:
        for pid, whose in self._children.items():
            if whose["pool"] == pool:
                kill_group(pid)


def _warm(order: dict[str, Any]) -> None:
    """Make the sandbox ready before the fork; what fails here fails in the child too, and is told there."""
    if order.get("sandbox"):
        with contextlib.suppress(Exception):
            sandbox.warm(order["sandbox"])


def kill_group(pid: int) -> None:
    """Kill a child and whatever it has started."""
    for kill in (os.killpg, os.kill):  # the group exists a moment after the process does
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _child(order: dict[str, Any], channel: int, desk: socket.socket) -> None:
    """The life of a child: its log as output, its limits, the job, and out; never back into the server."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        _die_with_parent()
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["cwd"])
        if not Path(order["log"]).parent.is_dir():  # its session was interrupted meanwhile
            os._exit(1)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        if order.get("memory"):
            resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))

        if order.get("sandbox"):
            sandbox.enter(order["sandbox"])

        from tlbench.execution.worker import work

        def progress(phase: str, step: int, steps: int) -> None:
            at = {"phase": phase, "step": step, "steps": steps}
            _send(channel, {"event": "progress", "pool": order["pool"], "job": order["job"], **at})

        code = work(order["folder"], progress, desk)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _die_with_parent() -> None:
    """Ask the kernel to kill this process with its parent (Linux; elsewhere the closed input has to do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _send(channel: int, message: dict[str, Any]) -> None:
    """One write per line: below PIPE_BUF it is atomic, so lines of several children never mix."""
    with contextlib.suppress(BrokenPipeError):
        os.write(channel, (json.dumps(message) + "\n").encode())


if __name__ == "__main__":
    main()
