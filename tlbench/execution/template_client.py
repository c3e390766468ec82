"""The template's other end: one warm process for all pools of this process, and the events of each pool's jobs."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tlbench.errors import TlbenchError
from tlbench.execution.process_tree import send
from tlbench.execution.run_environment import run_environment
from tlbench.plugins.import_trial import VARIABLE as TRIALS

#: Libraries read these when they are imported, so the template is started with them.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: A process that has asked the CUDA runtime for its devices leaves CUDA unusable to those that are forked from it, and
#: libraries ask while they are imported (Keras does). With this torch asks the driver's library NVML instead.
FORK_SAFE = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
#: Seconds that a template has to end by itself.
PATIENCE = 5.0
#: No line from it is longer.
LINE_BYTES = 2**16

Message = dict[str, Any]
Events = queue.Queue[Message | None]


class Template:
    """A template process. It holds no data, so that one serves pool after pool; a pool is known to it by a number."""

    _warm: ClassVar[dict[int, Template]] = {}
    _pools: ClassVar[itertools.count[int]] = itertools.count()

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._listeners: dict[str, Events] = {}
        #: Whether it has imported the libraries, and so can fork.
        self.ready = False
        self._process = subprocess.Popen(
            # -P: files in the working folder shadow nothing.
            [sys.executable, "-P", "-m", "tlbench.execution.template"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment(),
            start_new_session=True,  # Ctrl-C is for the host alone
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        atexit.register(self.end)

    @classmethod
    def warm(cls, threads: int) -> Template:
        """The template that was started with so many threads, started now where there is none that lives."""
        found = cls._warm.get(threads)
        if found is None or found.exit_code is not None:
            found = cls._warm[threads] = cls(threads)
        return found

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.poll()

    def join(self) -> tuple[str, Events]:
        """A new pool's name, and the events of its jobs; None among them says that the template has ended."""
        name = str(next(self._pools))
        events = self._listeners[name] = queue.Queue()
        return name, events

    def kill(self, pool: str) -> None:
        """Kill what a pool has running."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: it has been ended
            self._send({"kill": pool})

    def preload(self, modules: Sequence[str]) -> None:
        """Import modules once, for all jobs that start after this."""
        with contextlib.suppress(OSError, ValueError):  # gone: the first job says so
            self._send({"import": list(modules)})

    def leave(self, pool: str) -> None:
        """Nothing is heard of a pool's jobs any more."""
        self._listeners.pop(pool, None)

    def start(self, pool: str, job: str, order: Message, passed: Sequence[str] = ()) -> None:
        """Start a job, in this process's folder and with what runs have of its environment, as they are now.

        `passed` names the variables that it has beside those that every run has.

        Raises `OSError` or `ValueError` if the template is gone, `TlbenchError` if the folder is.
        """
        try:
            here = str(Path.cwd())
        except OSError as error:
            raise TlbenchError(f"the working folder is gone ({error.strerror}); change into one that exists") from error
        self._send({"pool": pool, "job": job, "cwd": here, "environment": self._environment(passed), **order})

    def end(self) -> None:
        """Let it end, and what it has running with it. Where it is still importing, nothing runs, and it is killed."""
        if not self.ready:
            self.kill_now()
            return
        atexit.unregister(self.end)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill_now()

    def kill_now(self) -> None:
        """Kill it, where it does not answer any more; its supervisors end their runs, which is waited for."""
        atexit.unregister(self.end)
        self._process.kill()
        self._process.wait()
        self._listener.join(PATIENCE)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wake(self) -> None:
        """Let it go on where somebody has stopped it."""
        if self.exit_code is None:
            send(self._process.pid, signal.SIGCONT)

    def _environment(self, passed: Sequence[str] = ()) -> dict[str, str]:
        threads = dict.fromkeys(THREAD_VARIABLES, str(self._threads))
        return {**run_environment(os.environ, passed), **threads, **FORK_SAFE, TRIALS: "0", "PYTHONHASHSEED": "0"}

    def _send(self, message: Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(message) + "\n").encode())
        self._process.stdin.flush()

    def _listen(self) -> None:
        """Hand on what is said until it ends. Where a line is none of its own, nothing it says is believed any more."""
        assert self._process.stdout is not None
        try:
            with self._process.stdout as lines:
                while line := lines.readline(LINE_BYTES):
                    self._hand_on(json.loads(line))
        except Exception:
            self._process.kill()
        finally:
            for events in list(self._listeners.values()):
                events.put(None)

    def _hand_on(self, message: Message) -> None:
        if message["event"] == "ready":
            self.ready = True
            return
        events = self._listeners.get(message["pool"])
        if events is not None:  # else of a pool that has left
            events.put({**message, "job": str(message["job"])})
