"""Tables for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from textwrap import wrap

from tabulate import tabulate

from tlbench.leaderboard.cells import Cell, Table

WIDTH = 120
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def render(tables: Sequence[Table]) -> str:
    """All tables, one under the other."""
    return "\n\n\n".join(_table(table) for table in tables) + "\n"


def _table(table: Table) -> str:
    marks = [_mark_width(table, index) for index in range(len(table.columns))]
    rows = [[_cell(cell, width) for cell, width in zip(row, marks, strict=True)] for row in table.rows]
    body = tabulate(
        rows,
        headers=[_padded(column.head, width) for column, width in zip(table.columns, marks, strict=True)],
        tablefmt="simple",
        colalign=[column.align for column in table.columns],
        disable_numparse=True,
        preserve_whitespace=True,
    )
    body = "\n".join(line.rstrip() for line in body.splitlines())
    footnotes = [f"{superscript(number)} {plain(text)}" for number, text in enumerate(table.footnotes, 1)]
    lines = [plain(table.title), *_wrapped(table.caption), "", body, ""]
    return "\n".join(lines + [part for line in (*table.notes, *footnotes) for part in _wrapped(line)]).rstrip()


def _cell(cell: Cell, width: int) -> str:
    marked = plain(cell.text) + _marks(cell)
    # Marks hang to the right, so that digits stand under digits.
    return marked + " " * (width - len(_marks(cell)))


def _padded(head: str, width: int) -> str:
    return "\n".join(plain(line) + " " * width for line in head.split("\n"))


def _marks(cell: Cell) -> str:
    numbers = superscript(cell.footnotes)
    signs = "".join(cell.marks)
    return (f" {signs}" if signs else "") + numbers


def _mark_width(table: Table, index: int) -> int:
    return (
        max((len(_marks(row[index])) for row in table.rows), default=0) if table.columns[index].align == "right" else 0
    )


def superscript(numbers: int | Sequence[int]) -> str:
    """Footnote numbers as raised digits."""
    several = [numbers] if isinstance(numbers, int) else numbers
    return "˒".join(str(number).translate(_SUPERSCRIPT) for number in several)


def _wrapped(text: str) -> list[str]:
    return wrap(plain(text), WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def plain(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(char if unicodedata.category(char)[0] != "C" else "?" for char in text)
