"""Tables for Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from tlbench.core.plain_text import plain
from tlbench.leaderboard.renderers.terminal import drawn, superscript
from tlbench.leaderboard.tables.cells import Cell, Table

# `&` and `<` would be read as HTML, the others as Markdown.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&$])")


def render(tables: Sequence[Table], level: int = 2) -> str:
    """All tables, each under a heading of this level, with its notes as a list."""
    return "\n\n".join(_table(table, "#" * level) for table in tables) + "\n"


def _table(table: Table, marks: str) -> str:
    body = tabulate(
        [[_cell(cell) for cell in row] for row in table.rows],
        headers=[escape(column.title) for column in table.columns],
        tablefmt="pipe",
        colalign=[column.align for column in table.columns],
        disable_numparse=True,
    )
    footnotes = [f"{superscript(number)} {escape(text)}" for number, text in enumerate(table.footnotes, 1)]
    said = [*table.notes, *([table.bold] if table.bold else [])]
    notes = [f"- {line}" for line in (*map(escape, said), *footnotes)]
    parts = [f"{marks} {escape(table.title)}", escape(table.caption), body, "\n".join(notes), _code(table.diagram)]
    return "\n\n".join(part for part in parts if part)


def _code(diagram: str) -> str:
    """A fenced block, whose fence is longer than any run of backticks within."""
    if not diagram:
        return ""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", diagram))])
    return "\n".join([f"{fence}text", *drawn(diagram), fence])


def _cell(cell: Cell) -> str:
    signs = "".join(cell.marks)
    text = f"**{escape(cell.text)}**" if cell.best else escape(cell.text)
    return text + (f" {signs}" if signs else "") + superscript(cell.footnotes)


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", plain(text.replace("\n", " ")))
