"""What a run is given after its training: which inputs it is tested on, and these as open files.

During training it is not told where they are, and in a sandbox it could not open them. The template keeps them; asked
by the run when its training has ended, it sends open files over a socket that the two have (SCM_RIGHTS).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tlbench.core.inputs import Inputs
from tlbench.data.array_storage import files_of, open_inputs

#: Open files that one message may carry (SCM_MAX_FD of Linux is 253).
_AT_ONCE = 200
_ASK, _GIVE = b"?", b"!"


def evaluation_file(folder: Path) -> Path:
    """The file that says on what a job's run is tested: beside the job's folder, which is all that the run may see."""
    return folder.with_name(f"{folder.name}.evaluation.json")


class Evaluation:
    """What is opened after training: `places`, as `job.py` writes them, and the inputs that they name."""

    def __init__(self, places: dict[str, Any], opened: Mapping[str, int] | None = None) -> None:
        self.places = places
        self._opened = opened or {}

    def inputs(self, path: str) -> Inputs:
        """Inputs by their place."""
        return open_inputs(path, self._opened)


def from_file(folder: Path) -> Evaluation:
    """Where nobody keeps it from the process: in one that has no template."""
    return Evaluation(json.loads(evaluation_file(folder).read_text()))


def ask(desk: socket.socket) -> Evaluation:
    """Ask the template for what the run is tested on. Raises `OSError` where it has nothing, or is gone."""
    with desk:
        desk.sendall(_ASK)
        received = list(_receive(desk, 1))
        if not received:
            raise OSError("the template did not hand over what the run is tested on")
        with os.fdopen(received[0], "rb") as file:
            places = json.load(file)
        names = _files(places)
        return Evaluation(places, dict(zip(names, _receive(desk, len(names)), strict=True)))


def _receive(desk: socket.socket, count: int) -> Iterator[int]:
    while count > 0:
        message, descriptors, _, _ = socket.recv_fds(desk, 1, _AT_ONCE)
        if not message or not descriptors:
            return
        count -= len(descriptors)
        yield from descriptors


class Desk:
    """The template's end: by socket, the file that says what its run is tested on."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[socket.socket, Path]] = {}

    def open(self, file: str) -> tuple[socket.socket, int]:
        """The run's end of a new socket, and the number of ours."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._kept[ours.fileno()] = ours, Path(file)
        return theirs, ours.fileno()

    def answer(self, number: int) -> None:
        """Send what was asked for, once. Who asks for anything else, or does not read, gets nothing."""
        ours, file = self._kept.pop(number)
        with ours, contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if ours.recv(1) == _ASK:
                _send(ours, [str(file)])
                _send(ours, _files(json.loads(file.read_text())))

    def leave(self) -> None:
        """Close all sockets: in a child that is no template."""
        for ours, _ in self._kept.values():
            ours.close()
        self._kept.clear()


def _send(ours: socket.socket, names: list[str]) -> None:
    for at in range(0, len(names), _AT_ONCE):
        opened = [os.open(name, os.O_RDONLY | os.O_CLOEXEC) for name in names[at : at + _AT_ONCE]]
        try:
            socket.send_fds(ours, [_GIVE], opened)
        finally:
            for descriptor in opened:
                os.close(descriptor)


def _files(places: dict[str, Any]) -> list[str]:
    """All files of what places name, each once, in an order that both ends have."""
    parts = [part["inputs"] for parts in places["selection"].values() for part in parts]
    tests = [places["test"]] if "test" in places else []
    inputs = dict.fromkeys([*tests, *places.get("source_tests", ()), *parts])
    return list(dict.fromkeys(str(file) for path in inputs for file in files_of(path)))
