"""Names of what plugins offer; the objects behind them are imported when they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tlbench.core.plain_text import plain
from tlbench.errors import PluginFailure, unknown
from tlbench.plugins.foreign_code import output_to_stderr

#: A name that ends in a colon needs an argument after it; one that ends in a question mark may have one.
NEEDED, OPTIONAL = ":", "?"


@dataclass(frozen=True)
class Entry:
    """One offered name: where its object is, and which plugin, in which version, offers it."""

    name: str
    target: str | object
    summary: str
    plugin: str
    version: str
    #: Whether it comes with tlbench itself.
    builtin: bool = False

    @property
    def is_of_the_user(self) -> bool:
        """Of a dataset: whether its name says where data lie, as `csv:PATH` does, and not which published ones."""
        return self.name.endswith(NEEDED)

    def load(self) -> Any:
        """Import the object. Raises `PluginFailure` where that fails, with the plugin's own error as cause."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        try:
            with output_to_stderr(self.builtin):
                return getattr(importlib.import_module(module), attribute)
        except (Exception, SystemExit) as error:
            message = f"{self.name!r} of plugin {self.plugin!r} cannot be loaded from {self.target!r}: "
            message += f"{type(error).__name__}: {error}. Mend or uninstall the plugin, "
            message += f"or leave it out with TLBENCH_DISABLE_PLUGINS={self.plugin}."
            raise PluginFailure(message) from error


#: The kinds of plugin that `tlbench new` writes and `tlbench check` checks, and where they are registered.
WRITTEN = {"strategy": "strategies", "dataset": "datasets", "backbone": "backbones", "metric": "metrics"}


class Registry:
    """The names of one kind (`strategy`, `dataset`, …), in alphabetical order whatever the order of plugins."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Take an entry in. Raises `PluginFailure`: where the name is taken, naming both plugins, or is no name."""
        if not isinstance(entry.name, str) or not isinstance(entry.summary, str):
            raise PluginFailure(f"name and summary of a {self.kind} are texts, not {entry.name!r}, {entry.summary!r}")
        if not entry.name.strip() or plain(entry.name) != entry.name:
            raise PluginFailure(f"{entry.name!r} is no name of a {self.kind}: it is empty or has control characters")
        other = self._entries.get(entry.name)
        if other is not None:
            message = f"two plugins offer the {self.kind} {entry.name!r}: {other.plugin!r} and {entry.plugin!r}; "
            then = "give yours another name" if other.builtin else "disable one"
            raise PluginFailure(f"{message}{then}, or leave it out with TLBENCH_DISABLE_PLUGINS={entry.plugin}")
        self._entries[entry.name] = entry

    def snapshot(self) -> dict[str, Entry]:
        """The entries as they are now, for `restore`."""
        return dict(self._entries)

    def restore(self, entries: dict[str, Entry]) -> None:
        """Forget everything that was taken in since."""
        self._entries = entries

    def of(self, plugin: str) -> list[Entry]:
        """What one plugin offered."""
        return [entry for entry in self if entry.plugin == plugin]

    def find(self, name: str) -> tuple[Entry, str | None]:
        """The entry for `name` and its argument: `mlp:100` is the entry `mlp:` with the argument `100`.

        `minilm` is the entry `minilm?` without one, and `minilm?max_length=64` the same with `max_length=64`.
        """
        whole = self._entries.get(name) or self._entries.get(name + OPTIONAL)
        if whole and not name.endswith((NEEDED, OPTIONAL)):
            return whole, None
        for mark in (NEEDED, OPTIONAL):
            head, _, argument = name.partition(mark)
            if argument and head + mark in self._entries:
                return self._entries[head + mark], argument
        raise PluginFailure(self.unfound(name))

    def unfound(self, name: str) -> str:
        """A sentence about a name that nobody offers, or one of which only what stands before its mark is there."""
        if name in self._entries:
            about = self._entries[name].summary
            mark = "colon" if name.endswith(NEEDED) else "question mark"
            return f"the {self.kind} {name!r} needs something after the {mark}{f' ({about})' if about else ''}"
        return unknown(self.kind, name, self._entries)

    def __contains__(self, name: str) -> bool:
        try:
            self.find(name)
        except PluginFailure:
            return False
        return True

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.name))

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._entries)
