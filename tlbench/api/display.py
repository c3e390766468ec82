"""A leaderboard and a figure, as a notebook or a terminal shows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.leaderboard.renderers import render

if TYPE_CHECKING:
    from tlbench.leaderboard.tables.cells import Table
    from tlbench.plugins.manager import PluginHost


@dataclass(frozen=True, repr=False)
class Leaderboard:
    """Tables. As a text they are in the format that was asked for, by default as on a terminal."""

    tables: list[Table]
    format: str
    host: PluginHost

    def __str__(self) -> str:
        return render(self.tables, self.format, self.host)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return render(self.tables, "html", self.host)

    def _repr_markdown_(self) -> str:
        return render(self.tables, "markdown", self.host)


@dataclass(frozen=True, repr=False)
class Figure:
    """A figure: what it shows as plain data, drawn when it is looked at or saved."""

    kind: str
    data: dict[str, Any]
    title: str

    def __repr__(self) -> str:
        return f"<{self.kind} of {self.title}; save it with .save(path)>"

    def _repr_svg_(self) -> str:
        from tlbench.figures.figure import drawn

        return drawn(self.kind, self.data, self.title, "svg").decode()

    def save(self, path: str | Path) -> Path:
        """Write it as .pdf, .svg, .eps or .png, as the name ends. Raises `TlbenchError` for any other end."""
        from tlbench.figures.figure import write_figure

        write_figure(Path(path), self.kind, self.data, self.title)
        return Path(path)
