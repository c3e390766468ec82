"""Code of others from the network: it runs only where `--trust-remote-code NAME` names the backbone that brings it.

The names go from the command line to the planner, and in each job's file to its worker; both ask here before they call
a backbone's factory. No torch is imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tlbench.errors import TlbenchError, unknown

OPTION = "--trust-remote-code"


class Untrusted(TlbenchError):
    """Code that may not run; `what` says which, for one whose name holds the backbone's and is to be trusted itself."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


def check_trusted_names(trusted: Sequence[str], backbones: Collection[str], suite: str) -> None:
    """Raise `TlbenchError`, with the nearest name, for a name that is no backbone of the suite."""
    for name in trusted:
        if name not in backbones:
            raise TlbenchError(f"{OPTION}: {unknown(f'backbone of the suite {suite!r}', name, backbones)}")


def refuse_untrusted(factory: object, name: str, argument: str | None, trusted: Collection[str]) -> None:
    """Raise `TlbenchError` where a backbone runs code from the network and is not among the trusted ones."""
    asked: Callable[..., bool] | None = getattr(factory, "runs_remote_code", None)
    if asked is None or name in trusted:
        return
    if asked() if argument is None else asked(argument):
        raise untrusted(name)


def untrusted(name: str, what: str = "it runs code from the network") -> Untrusted:
    """The error for a backbone whose code may not run; `what` says which code that is."""
    message = f"{what}, which could do anything that you can; "
    return Untrusted(f"{message}where you have read and trust that code, say {OPTION} '{name}'", what)


def trust_keyword(function: Callable[..., Any], name: str, trusted: Collection[str]) -> dict[str, bool]:
    """The keyword `trusted`, for a factory or a method of it that takes it."""
    return {"trusted": name in trusted} if "trusted" in inspect.signature(function).parameters else {}
