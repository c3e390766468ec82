"""The header of a CSV file, and whether every row has as many values as it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tlbench.core.names import composed
from tlbench.errors import DataError

#: How a column is called that only a separator at the end of each line makes.
_BEYOND = "tlbench: beyond the header"


@dataclass(frozen=True)
class CsvShape:
    """`columns` are those of the header; `names` all that the parser has to be told, empty ones at the end included."""

    columns: list[str]
    names: list[str]


def csv_shape(title: str, path: Path, separator: str) -> CsvShape:
    """Read a file once for its shape alone. A row with fewer values than the header lacks some, which is told later.

    A separator at the end of each line makes an empty last column, which is dropped. Raises `DataError` for a row with
    more values than the header has names, and for two columns of one name.
    """
    csv.field_size_limit(sys.maxsize)  # a text may be long
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=separator)
        try:
            header = next(rows, None)
            if header is None:
                raise pd.errors.EmptyDataError
            last = max((place for place, name in enumerate(header, 1) if name.strip()), default=0)
            widest = _widest(title, rows, last, len(header))
        except csv.Error as error:
            raise ValueError(f"{error}, near line {rows.line_num}") from error
    columns = [composed(name) or f"Unnamed: {place}" for place, name in enumerate(header[:last])]
    if twice := next((name for name in columns if columns.count(name) > 1), None):
        raise DataError(f"{title}: the header has two columns {twice!r}; rename one")
    return CsvShape(columns, [*columns, *(f"{_BEYOND} {place}" for place in range(widest - last))])


def _widest(title: str, rows: Iterable[list[str]], named: int, header: int) -> int:
    """The most values that a row has. Raises `DataError` where what lies beyond the names is not empty everywhere."""
    widest, longer, all_longer = header, 0, True
    for number, row in enumerate((row for row in rows if row), 1):
        if any(cell.strip() for cell in row[named:]):
            raise DataError(f"{title}: row {number} has {len(row)} values, the header {named}")
        if len(row) > header:
            widest, longer = max(widest, len(row)), longer or number
        all_longer &= len(row) > header
    if longer and not all_longer:
        raise DataError(f"{title}: row {longer} has {widest} values, the header {named}")
    return widest
