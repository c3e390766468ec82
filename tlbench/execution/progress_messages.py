"""How a run says how far it is: messages of one size through a pipe of its own, of which nothing is believed.

Whatever else is written into that pipe ends the telling and nothing more.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

#: Below PIPE_BUF, so that each is written whole: mark, kind, process, step, steps, length of the phase, phase.
_FORM = struct.Struct("<4sBIQQB64s")
_MARK = b"tlb\x01"
_AT_STEP, _COPIED = 1, 2
#: At most so many bytes are read at once.
READ_BYTES = 2**16


class Garbled(ValueError):
    """Something that is no message of progress."""


@dataclass(frozen=True)
class AtStep:
    """A run is at a step of a phase."""

    phase: str
    step: int
    steps: int


@dataclass(frozen=True)
class Copied:
    """A copy of the run's process, made by `fork()`, has come to where only the run itself should be."""

    pid: int


class ProgressWriter:
    """A run's end of the pipe. A message is dropped where nobody reads, and never waited for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._owner = os.getpid()
        os.set_blocking(descriptor, False)

    def at_step(self, phase: str, step: int, steps: int) -> None:
        """Say how far the run is. Ends a copy of the run's process at once."""
        self.end_if_copied()
        self._write(_AT_STEP, phase, step, steps)

    def end_if_copied(self) -> None:
        """End this process if it is a copy that was forked from the run: there is one run, and one result."""
        if os.getpid() != self._owner:
            self._write(_COPIED, "", 0, 0)
            os._exit(1)

    def _write(self, kind: int, phase: str, step: int, steps: int) -> None:
        text = phase.encode("utf-8", "replace")[:64]
        message = _FORM.pack(_MARK, kind, os.getpid(), step, steps, len(text), text)
        with contextlib.suppress(OSError):
            os.write(self._descriptor, message)


def messages_in(received: bytes) -> Iterator[AtStep | Copied]:
    """The messages in whole pieces of what was received. Raises `Garbled` at the first that is none."""
    for at in range(0, len(received) - _FORM.size + 1, _FORM.size):
        mark, kind, pid, step, steps, length, text = _FORM.unpack_from(received, at)
        if mark != _MARK or kind not in (_AT_STEP, _COPIED) or length > len(text) or step > steps:
            raise Garbled
        yield Copied(pid) if kind == _COPIED else AtStep(text[:length].decode("utf-8", "replace"), step, steps)


def whole_bytes(received: bytes) -> int:
    """How many of these bytes are whole messages."""
    return len(received) // _FORM.size * _FORM.size
