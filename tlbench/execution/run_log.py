"""The log of a run: what it prints, of which a bounded part is kept while it runs."""

from __future__ import annotations

import contextlib
import os

#: A log that grows beyond this is cut down to its last part.
MOST_BYTES = 16 * 2**20
KEPT_BYTES = 2**18


class RunLog:
    """An open log. The run appends to it, so that it can be cut meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def create(cls, path: str) -> RunLog:
        """A new log. Raises `OSError` where its folder is gone or the disk is full."""
        how = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return cls(os.open(path, how, 0o644))

    def close(self) -> None:
        """Let it go; the run has it too."""
        os.close(self.descriptor)

    def trim(self) -> None:
        """Keep the last part of a log that has grown too long."""
        with contextlib.suppress(OSError):
            size = os.fstat(self.descriptor).st_size
            if size > MOST_BYTES:
                end = os.pread(self.descriptor, KEPT_BYTES, size - KEPT_BYTES)
                os.ftruncate(self.descriptor, 0)
                os.write(self.descriptor, b"[the beginning of this log was longer than is kept]\n" + end)
