"""Code of plugins, called in this process: what it may not do to the host while it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tlbench.core.plain_text import plain_lines
from tlbench.core.secret_masking import masked
from tlbench.errors import PluginFailure

#: The variable with the seconds that a plugin may take for an import, a metric, its health or a hook.
LIMIT_VARIABLE = "TLBENCH_PLUGIN_SECONDS"
LIMIT = 60.0
#: A message of an exception is no book.
LONGEST_MESSAGE = 2000


class TooLong(BaseException):
    """A plugin runs past its time. No `Exception`, for its own code may catch these."""


def time_limit() -> float:
    """Seconds that code of a plugin may take. Raises `PluginFailure` for a variable that is no positive number."""
    given = os.environ.get(LIMIT_VARIABLE, "")
    try:
        seconds = float(given or LIMIT)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise PluginFailure(f"{LIMIT_VARIABLE}={given!r}: write a positive number of seconds")
    return seconds


def described(error: BaseException) -> str:
    """`ValueError: its message`, whatever the message does when it is asked for; without secrets, fit to be shown."""
    name = type(error).__name__
    if isinstance(error, SystemExit):
        return f"SystemExit: it called sys.exit({error.code!r})"
    try:
        text = str(error)
    except BaseException:  # its own __str__ fails
        text = "(a message that cannot be had)"
    text = masked(plain_lines(text[:LONGEST_MESSAGE]))
    return f"{name}: {text}" if text else name


@contextmanager
def output_to_stderr(trusted: bool = False) -> Iterator[None]:
    """What plugins print is for people: standard output is for tables and JSON alone. Of `trusted` code nothing is."""
    if trusted:
        yield
        return
    with contextlib.redirect_stdout(sys.stderr), _descriptor_to_stderr():
        yield


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """The same for what writes past Python."""
    try:
        sys.__stdout__.flush() if sys.__stdout__ else None
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError):  # this process has none
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def no_exit(what: str) -> Iterator[None]:
    """Raise `PluginFailure` in place of an end of this process that code of others asked for."""
    try:
        yield
    except SystemExit as error:
        raise PluginFailure(f"{what}: {described(error)}, which ends nothing here; mend the plugin") from error


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in a block that takes longer, where this thread can be interrupted and no alarm is set."""
    handler = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    free = handler in (signal.SIG_DFL, signal.SIG_IGN) and threading.current_thread() is threading.main_thread()
    if not free or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise TooLong(f"it did not end within {seconds:g} s")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again each second, for a block that catches everything
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
