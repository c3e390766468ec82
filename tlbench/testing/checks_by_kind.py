"""The checks of each kind of plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.plugins.registry import WRITTEN, Entry
from tlbench.testing.check import Check
from tlbench.testing.plugin_under_test import PluginUnderTest

#: A function that yields the checks of one plugin, by kind.
Maker = Callable[[PluginUnderTest], Iterator[Check]]


def checks_of(kind: str, plugin: Any, host: PluginHost | None = None) -> Iterator[Check]:
    """The checks of a plugin: the name of an installed entry, or the class or function itself.

    Raises `TlbenchError` for an unknown kind or name.
    """
    makers = _makers()
    if kind not in makers:
        raise TlbenchError(unknown("kind", kind, makers))
    host = host or plugin_host()
    plural = WRITTEN[kind]
    if isinstance(plugin, str):
        entry, argument = host.find(plural, plugin)
    else:
        name = getattr(plugin, "__name__", type(plugin).__name__)
        entry, argument = Entry(name, plugin, "", "given", "0"), None
    written = plugin if isinstance(plugin, str) else entry.name
    yield from makers[kind](PluginUnderTest(written, kind, entry, argument, host))


def _makers() -> dict[str, Maker]:
    """Imported only now: checks import torch, which naming them need not."""
    from tlbench.testing import backbone_checks, dataset_checks, metric_checks, strategy_checks

    return {
        "strategy": strategy_checks.checks,
        "dataset": dataset_checks.checks,
        "backbone": backbone_checks.checks,
        "metric": metric_checks.checks,
    }
