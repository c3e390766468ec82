"""One renderer per format: a module with `render(tables) -> str`, imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tlbench.errors import TlbenchError, unknown
from tlbench.leaderboard.cells import Table

#: The module of each format.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "table": "tlbench.leaderboard.renderers.terminal",
        "markdown": "tlbench.leaderboard.renderers.markdown",
        "csv": "tlbench.leaderboard.renderers.csv_",
        "latex": "tlbench.leaderboard.renderers.latex",
        "html": "tlbench.leaderboard.renderers.html",
        "json": "tlbench.leaderboard.renderers.json_",
    }
)


def render(tables: Sequence[Table], form: str = "table") -> str:
    """Tables as text in a format, ending with a line's end. Raises `TlbenchError` for an unknown format."""
    if form not in FORMATS:
        raise TlbenchError(unknown("format", form, FORMATS))
    text: str = importlib.import_module(FORMATS[form]).render(tables)
    return text.rstrip("\n") + "\n" if text else ""
