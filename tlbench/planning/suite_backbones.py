"""The backbones of a suite, and the modules that they import."""

from __future__ import annotations

from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite import Suite


def backbones_of(suite: Suite) -> list[str]:
    """The backbones that the parts of a suite use."""
    return list(dict.fromkeys(name for part in suite.part for name in part.backbones or suite.backbones))


def imports(suite: Suite, host: PluginHost) -> list[str]:
    """The modules that the factories of a suite's backbones name as slow to import: `imports`, where they have it."""
    factories = [host.find("backbones", name)[0].load() for name in backbones_of(suite)]
    return list(dict.fromkeys(module for factory in factories for module in getattr(factory, "imports", ())))
