"""Tables as CSV: one row per table, row and column, with raw numbers, so that tables of any shape share one header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from tlbench.core.plain_text import plain
from tlbench.leaderboard.tables.cells import Table

#: With these a spreadsheet starts a formula, unless it is a signed number that follows.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-][\d.]+( ± [\d.]+)?")

HEADER = ("table", "row", "column", "text", "value", "low", "high", "marks", "footnotes")


def render(tables: Sequence[Table]) -> str:
    """All tables in long form, RFC 4180, lines ending with a line feed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                notes = "; ".join(table.footnotes[number - 1] for number in cell.footnotes)
                values = (cell.text, cell.value, cell.low, cell.high, "".join(cell.marks), notes)
                writer.writerow([_safe(value) for value in (table.title, row[0].text, column.name, *values)])
    return buffer.getvalue()


def _safe(value: object) -> object:
    """Text that a spreadsheet does not take for a formula."""
    value = plain(value) if isinstance(value, str) else value
    if not isinstance(value, str) or _NUMBER.fullmatch(value) or not value.startswith(_FORMULA):
        return value
    return f"'{value}"
