"""The one family of exceptions that ends in a message instead of a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class TlbenchError(Exception):
    """Something the user can mend: the message says what, where, what is allowed and what to do next.

    The command line prints it without a traceback and exits with 2.
    """


class Faults(TlbenchError):
    """Several faults of one input, reported together so that they are mended together."""

    def __init__(self, title: str, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join([title, *(f"  - {fault}" for fault in self.faults)]))


class PluginFailure(TlbenchError):
    """A plugin that was asked for by name and cannot be loaded."""


class DataError(TlbenchError):
    """A dataset that is missing, damaged, or does not fit what is asked of it."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence about an unknown name: the nearest known one, then the list.

    >>> unknown("strategy", "dan", ["dann", "fine-tune"])
    "unknown strategy 'dan'; did you mean 'dann'? Known: dann, fine-tune"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    listing = f" Known: {', '.join(names)}" if names else f" No {kind} is installed."
    return f"unknown {kind} {name!r}{guess}{listing}"
