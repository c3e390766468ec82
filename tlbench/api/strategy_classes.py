"""Strategies handed over as classes: checked, named, and offered by plugin files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tlbench.api.class_source import written
from tlbench.api.literals import findable
from tlbench.core.strategy import Strategy, lacking
from tlbench.core.strategy_names import kebab
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.suites.suite import REFERENCES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass
class StrategyClass:
    """The names of the classes that were handed over, and the plugin files that offer these names."""

    files: list[str]
    names: dict[type, str] = field(default_factory=dict)

    def name(self, given: object) -> str:
        """The name of a strategy given by its class, or by its name already.

        Raises `TlbenchError` for what is neither, for a class that lacks something, and for a name that is taken.
        """
        if isinstance(given, str):
            return given
        kind = _checked(given)
        if kind not in self.names:
            self.names[kind] = self._offer(kind)
        return self.names[kind]

    def _offer(self, kind: type[Strategy]) -> str:
        host = plugin_host(self.files)
        if (known := _registered(kind, host)) is not None:
            return known
        name = strategy_name(kind)
        registry = host.registries["strategies"]
        if name in REFERENCES or name in registry.names:
            by = "tlbench itself" if name in REFERENCES else f"the plugin {registry.find(name)[0].plugin!r}"
            raise TlbenchError(
                f"{kind.__name__} would be the strategy {name!r}, which {by} offers already; give it another name by "
                f'the attribute `name = "my-{name}"`'
            )
        self.files.append(str(written(kind, name)))
        return name


def handed_over(strategies: Sequence[object], files: Sequence[str]) -> StrategyClass:
    """Classes among strategies, offered beside what the plugin files offer. Raises `TlbenchError` as `name` does."""
    handed = StrategyClass(list(files))
    for given in strategies:
        handed.name(given)
    return handed


def strategy_name(kind: type) -> str:
    """The attribute `name` of a class where it has a text there, else its own name as in `mixup-da`.

    Raises `TlbenchError` for a name that cannot name a file.
    """
    own = vars(kind).get("name")
    name = own if isinstance(own, str) else kebab(kind.__name__).replace("_", "-").strip("-")
    if not _NAME.fullmatch(name):
        raise TlbenchError(
            f"{kind.__name__} cannot be the strategy {name!r}: letters, digits, '-', '_' and '.' are allowed, with a "
            "letter or digit first; set the attribute `name`"
        )
    return name


def _checked(given: Any) -> type[Strategy]:
    if not isinstance(given, type) or not issubclass(given, Strategy):
        what = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
        hint = "; hand over its class, not an object of it" if isinstance(given, Strategy) else ""
        raise TlbenchError(f"{what} is no strategy: strategies are names, or subclasses of tlbench.Strategy{hint}")
    if missing := lacking(given):
        raise TlbenchError(f"the strategy {given.__name__} lacks {', '.join(missing)}")
    if not getattr(given, "settings", None):
        raise TlbenchError(f'the strategy {given.__name__} lacks `settings`, as in `settings = {{"transductive"}}`')
    return given


def _registered(kind: type, host: PluginHost) -> str | None:
    """The name under which a plugin offers the class already."""
    target = f"{kind.__module__}:{kind.__qualname__}"
    for entry in host.registries["strategies"]:
        if entry.target is kind or (entry.target == target and findable(kind.__module__)):
            return entry.name
    return None
