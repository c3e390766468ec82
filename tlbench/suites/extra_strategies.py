"""A strategy that a suite does not name, beside those that it names: how a new one gets its first row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite import REFERENCES, Part, Suite

#: Signs by which a name is a glob, or a member of a grid.
_GLOB = set("*?[]")


def added_names(suite: Suite, asked: Iterable[str], host: PluginHost) -> list[str]:
    """Of the names that are asked for, the installed strategies that no part of the suite has; globs are not names.

    Raises `TlbenchError` for a name that is neither of the suite nor installed.
    """
    known = {name for part in suite.part for name in part.strategies} | suite.strategies.keys() | set(REFERENCES)
    known |= {variant.use for variant in suite.strategies.values()}
    installed = host.registries["strategies"]
    new = [name for name in dict.fromkeys(asked) if name not in known and not set(name) & _GLOB]
    for name in new:
        if name not in installed:
            raise TlbenchError(f"--strategy {name!r}: {unknown('strategy', name, known | set(installed.names))}")
    return new


def with_strategies(suite: Suite, names: Sequence[str], host: PluginHost) -> Suite:
    """The suite with each of these strategies in every part whose setting it works in.

    Raises `TlbenchError` for one that works in the setting of no part, and what loading it raises.
    """
    for name in names:
        settings = host.find("strategies", name)[0].load().settings
        parts = [_with(part, name) if part.setting in settings else part for part in suite.part]
        if parts == suite.part:
            there = ", ".join(sorted({part.setting for part in suite.part}))
            raise TlbenchError(
                f"{name!r} works in {', '.join(sorted(settings))}, and the parts of {suite.name!r} are {there}; "
                "write a suite file for it, or take another suite"
            )
        suite = suite.model_copy(update={"part": parts})
    return suite


def _with(part: Part, name: str) -> Part:
    return part.model_copy(update={"strategies": [*part.strategies, name]})
