"""What a run hands back in its folder, read as what a stranger has left there.

Only regular files are opened, by the folder that the host has made, and up to a size; what is in them follows a schema;
texts are made fit to be shown. Everything else is `UnusableOutput`, with a sentence that says what is wrong.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tlbench.core.plain_text import clipped
from tlbench.execution.output_schema import parse_output

OUTPUT, ARRAYS, LOG, MODEL = "output.json", "output.safetensors", "log.txt", "model"
#: A summary is some kilobytes.
MOST_OUTPUT_BYTES = 8 * 2**20
#: Lines of the log that a record keeps, and characters of each.
LOG_LINES = 20
LINE_CHARACTERS = 500
_TAIL_BYTES = 2**16
#: Where faulthandler begins with the thread that runs.
_STACK = re.compile(r"^(Current thread|Thread) 0x[0-9a-f]+.*\(most recent call first\):")


class UnusableOutput(ValueError):
    """Something that was handed back cannot be used."""


class HandedBack:
    """The folder of one job, held open from before its run starts, so that no link can take its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def close(self) -> None:
        """Let the folder go."""
        with contextlib.suppress(OSError):
            os.close(self._folder)

    def output(self, wall_seconds: float | None) -> dict[str, Any] | None:
        """The summary of a run that lived so long, None where it handed back none. Raises `UnusableOutput`."""
        try:
            with self.opened(OUTPUT, MOST_OUTPUT_BYTES) as descriptor:
                content = _all_of(descriptor, MOST_OUTPUT_BYTES)
        except FileNotFoundError:
            return None
        try:
            return parse_output(content, wall_seconds)
        except ValueError as error:
            raise UnusableOutput(f"{OUTPUT} is not what a run hands back: {_first_fault(error)}") from error

    @contextmanager
    def opened(self, name: str, most: int) -> Iterator[int]:
        """A regular file of at most so many bytes. Raises `UnusableOutput`, `FileNotFoundError` where there is none."""
        descriptor = _open_regular(self._folder, name)
        try:
            size = os.fstat(descriptor).st_size
            if size > most:
                raise UnusableOutput(f"{name} is too large: {size:,} bytes, where at most {most:,} are expected")
            yield descriptor
        finally:
            os.close(descriptor)

    def log_lines(self) -> list[str]:
        """The last lines of the log; where they are part of a stack, its innermost frames."""
        try:
            descriptor = _open_regular(self._folder, LOG)
        except (OSError, UnusableOutput):
            return []
        try:
            size = os.fstat(descriptor).st_size
            content = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        finally:
            os.close(descriptor)
        lines = content.decode("utf-8", "replace").replace("\r", "\n").splitlines()
        return [clipped(line, LINE_CHARACTERS) for line in _last_of(lines)]

    def model_files(self, most: int) -> list[str]:
        """The files of a source model, which are all that its folder has. Raises `UnusableOutput`."""
        try:
            folder = os.open(MODEL, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._folder)
        except OSError as error:
            raise UnusableOutput(f"there is no folder {MODEL!r} with a source model ({error.strerror})") from error
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - by descriptor
            for name in names:
                if not re.fullmatch(r"\d{1,12}\.safetensors", name):
                    raise UnusableOutput(f"{MODEL} has {clipped(name, 80)!r}, which is no checkpoint")
                descriptor = _open_regular(folder, name)
                size = os.fstat(descriptor).st_size
                os.close(descriptor)
                if size > most:
                    raise UnusableOutput(f"{MODEL}/{name} is too large: {size:,} bytes")
        except OSError as error:
            raise UnusableOutput(f"{MODEL} cannot be read: {error.strerror or error}") from error
        finally:
            os.close(folder)
        if not names:
            raise UnusableOutput(f"{MODEL} has no checkpoint")
        return names


def _open_regular(folder: int, name: str) -> int:
    """Open a file for reading, and never wait for it. Raises `UnusableOutput` for what is no regular file."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:  # a link, a socket, no permission
        raise UnusableOutput(f"{name} is no regular file that can be read ({error.strerror})") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1:
        os.close(descriptor)
        raise UnusableOutput(f"{name} is no regular file of its own")
    return descriptor


def _all_of(descriptor: int, most: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read(most)


def _first_fault(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return clipped(str(error), 300)
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return clipped(f"{where}: {fault['msg']}" if where else fault["msg"], 300)


def _last_of(lines: list[str]) -> list[str]:
    """The last lines, beginning with the stack of the thread that ran where that is longer than all that is kept."""
    stacks = [index for index, line in enumerate(lines) if _STACK.match(line)]
    if stacks and len(lines) - stacks[-1] > LOG_LINES:
        return lines[stacks[-1] : stacks[-1] + LOG_LINES]
    return lines[-LOG_LINES:]
