"""A part of a check in a process of its own, in the sandbox that runs have, with an eye on the files that it opens."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tlbench.execution import sandbox
from tlbench.testing import open_calls
from tlbench.testing.side_effects import OWN_FOLDERS, is_data, only_allowed_files

#: What tells of the memory of processes.
_MEMORY = re.compile(r"/proc/(self|thread-self|\d+)(/task/\d+)?/(mem|environ|maps|smaps|fd)\b")


@dataclass
class Seen:
    """What somebody did in there: files of data and memory that it reached for, and the error that it ended with."""

    reached: list[str] = field(default_factory=list)
    error: str = ""


def confined(run: Callable[[], object], reads: list[str]) -> Seen:
    """Call `run` in a child of this process, in a sandbox where there is one, and tell what it did.

    `reads` are files that it may read beside libraries. Where a child cannot be had, as after a use of CUDA, it is
    called here, and what it opens is seen as far as Python tells.
    """
    if not hasattr(os, "fork") or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return _here(run)
    with tempfile.TemporaryDirectory(prefix=OWN_FOLDERS) as folder:
        return _in_child(run, Path(folder), reads)


def _in_child(run: Callable[[], object], folder: Path, reads: list[str]) -> Seen:
    ours, theirs = socket.socketpair()
    order = sandbox.choose_sandbox("auto").order(reads, folder, [], [str(folder), *reads])
    if order is not None:
        sandbox.warm(order)
    child = os.fork()
    if child == 0:
        _child(run, order, theirs)
    theirs.close()
    seen = Seen()
    with ours:
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        for listener in descriptors:
            hear = _hearer(seen, folder)
            threading.Thread(target=_serve, args=(listener, hear), daemon=True).start()
        said = b"".join(iter(lambda: ours.recv(65536), b""))
    _, status = os.waitpid(child, 0)
    told: dict[str, Any] = json.loads(said) if said else {}
    code = os.waitstatus_to_exitcode(status)
    seen.error = told.get("error", f"its process ended with {code} before the check did")
    seen.reached = list(dict.fromkeys([*told.get("reached", ()), *seen.reached]))
    return seen


def _serve(listener: int, hear: Callable[[int, str], None]) -> None:
    try:
        open_calls.listen(listener, hear)
    finally:
        os.close(listener)


def _child(run: Callable[[], object], order: sandbox.Order | None, desk: socket.socket) -> None:
    """The life of the child. It never comes back."""
    try:
        torch.set_num_threads(1)  # threads that this process once had are not in its child
        if order is not None:
            sandbox.enter(order)
        listener = open_calls.watch()
        socket.send_fds(desk, [b"."], [] if listener is None else [listener])
        if listener is not None:
            os.close(listener)
        seen = _here(run)
        desk.sendall(json.dumps({"reached": seen.reached, "error": seen.error}).encode())
    finally:
        os._exit(0)


def _here(run: Callable[[], object]) -> Seen:
    seen = Seen()
    with only_allowed_files() as reached:
        try:
            run()
        except BaseException as error:  # a plugin may even call sys.exit
            seen.error = f"{type(error).__name__}: {error}{sandbox.hint(error)}"
    seen.reached = list(reached)
    return seen


def _hearer(seen: Seen, folder: Path) -> Callable[[int, str], None]:
    def hear(process: int, path: str) -> None:
        if not path or path.startswith(str(folder)):
            return
        memory = _MEMORY.match(path)
        own = memory and memory[1] in ("self", "thread-self", str(process)) and memory[3] != "mem"
        if (memory and not own) or (not memory and is_data(_absolute(process, path))):
            what = f"opens {path}"
            if what not in seen.reached:
                seen.reached.append(what)

    return hear


def _absolute(process: int, path: str) -> str:
    if path.startswith("/"):
        return path
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{process}/cwd").readlink() / path)
    return path
