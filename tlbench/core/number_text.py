"""Numbers that tables write as text: with a decimal comma, or with a sign where a value is missing. No torch here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

#: What a cell of numbers may hold where a value is missing, beside nothing at all: as pandas has it.
MISSING = ("NA", "N/A", "n/a", "<NA>", "NaN", "nan", "-NaN", "-nan", "#N/A", "#NA", "NULL", "null", "None")
#: A column is meant as numbers where at least this share of its cells are.
MOSTLY = 0.8
#: Signs that people write where there is no value; words and measurements are no signs.
_PLACEHOLDER = re.compile(r"[^\w\s]{1,3}|missing|unknown|none|empty|\.+", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_AROUND = re.compile(r"^[<>≤≥~≈=\s]+|\s*%$")


@dataclass(frozen=True)
class NumberText:
    """How a column of text writes numbers. `other`: cells that are neither a number nor a placeholder, by count."""

    decimal: str | None
    thousands: str | None
    placeholders: dict[str, int]
    other: dict[str, int]
    cells: int
    #: Whether each comma may as well stand before a thousand: 1,234.
    ambiguous: bool = False


def number_text(cells: Sequence[str]) -> NumberText | None:
    """How these cells, none of them empty, write numbers; None where they are not meant as numbers."""
    counts = Counter(cell.strip() for cell in cells)
    counts = Counter({cell: count for cell, count in counts.items() if cell and cell not in MISSING})
    total = sum(counts.values())
    if not total:
        return None
    for decimal, thousands, pattern in ((None, None, None), (",", ".", _COMMA), (".", ",", _POINT)):
        read = {cell for cell in counts if _is_number(cell) or (pattern and pattern.fullmatch(cell))}
        wrong = {cell: n for cell, n in counts.items() if cell not in read}
        if read and sum(wrong.values()) <= (1 - MOSTLY) * total:
            signs = {cell: n for cell, n in wrong.items() if _PLACEHOLDER.fullmatch(cell)}
            other = {cell: n for cell, n in wrong.items() if cell not in signs}
            grouped = thousands is not None and any(thousands in cell for cell in read)
            either = decimal == "," and all(_POINT.fullmatch(cell) for cell in read if not _is_number(cell))
            return NumberText(decimal, thousands if grouped else None, signs, other, total, either)
    wrapped = {cell: n for cell, n in counts.items() if not _is_number(cell)}
    if sum(n for cell, n in counts.items() if _is_number(_AROUND.sub("", cell))) >= MOSTLY * total:
        return NumberText(None, None, {}, wrapped, total)
    return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
