"""Tables as JSON, with raw numbers beside the texts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tlbench.core.plain_text import escaped
from tlbench.leaderboard.tables.cells import Cell, Table


def render(tables: Sequence[Table]) -> str:
    """A list of tables; each row maps a column's name to text, value, interval, marks and footnote numbers."""
    return escaped(json.dumps([_table(t) for t in tables], indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _table(table: Table) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    return {
        "title": table.title,
        "caption": table.caption,
        "columns": [{"name": column.name, "title": column.title} for column in table.columns],
        "rows": [{name: _cell(cell) for name, cell in zip(names, row, strict=True)} for row in table.rows],
        "notes": table.notes,
        "footnotes": table.footnotes,
        "diagram": table.diagram,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    """A cell without what it does not have; an end of an interval that is not finite is left out."""
    return {name: value for name, value in asdict(cell).items() if not (_absent(value) or _infinite(value))}


def _absent(value: object) -> bool:
    return value is None or value is False or value == ()


def _infinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
