"""What commands write, as text that moves no terminal, whatever names are in it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer

from tlbench.core.plain_text import plain_lines
from tlbench.core.secret_masking import masked


def note(line: object) -> None:
    """A line on standard error."""
    typer.echo(shown(line), err=True)


def shown(line: object) -> str:
    """A message as it is shown: without secrets, and without what a terminal would obey."""
    return masked(plain_lines(str(line)))


@contextmanager
def plain_stdout() -> Iterator[None]:
    """Write plain text alone on standard output while the block lasts."""
    stream = sys.stdout
    with contextlib.redirect_stdout(stream if isinstance(stream, _Plain) else _Plain(stream)):
        yield


class _Plain:
    """A stream whose texts become plain; in everything else the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(plain_lines(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
