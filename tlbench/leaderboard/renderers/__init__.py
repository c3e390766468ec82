"""One renderer per format: a function `render(tables) -> str` that a plugin names, imported when it is used."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.leaderboard.tables.cells import Table
from tlbench.plugins.foreign_code import no_exit, output_to_stderr
from tlbench.plugins.manager import PluginHost, plugin_host


def render(tables: Sequence[Table], form: str = "table", host: PluginHost | None = None) -> str:
    """Tables as text in a format, ending with a line's end. `host` has the plugins, by default those installed.

    Raises `TlbenchError` for a format that no plugin has.
    """
    entry, _ = (host or plugin_host()).find("renderers", form)
    renderer = entry.load()
    with no_exit(f"the format {form!r} of plugin {entry.plugin!r}"), output_to_stderr(entry.builtin):
        text: str = renderer(tables)
    return text.rstrip("\n") + "\n" if text else ""


def formats(host: PluginHost | None = None) -> list[str]:
    """The names of all formats, sorted."""
    return (host or plugin_host()).registries["renderers"].names
