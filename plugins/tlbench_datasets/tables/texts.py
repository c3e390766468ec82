"""Columns of text as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tlbench.core.inputs import Texts
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.own_data import listed
from tlbench_datasets.tables.columns import absent


def texts_of(title: str, rows: pd.DataFrame, columns: Sequence[str], missing: str) -> tuple[Texts, list[str]]:
    """The texts of all rows, those of several columns joined by a line break, and notes on what was missing.

    Raises `DataError` for columns that hold anything but text, `Faults` for empty cells unless these are allowed.
    """
    for column in columns:
        _check_kind(title, rows[column], column)
    cells = rows[list(columns)]
    cells = cells.mask(cells == "")
    faults = [absent(cells[column], column, "text") for column in columns if cells[column].isna().any()]
    if faults and missing != "empty":
        raise Faults(f'{title}: texts are missing; fill them in, or set missing = "empty" in [data]', listed(faults))
    notes = [f"missing texts are taken as empty: {'; '.join(listed(faults))}"] if faults else []
    return Texts.of([_joined(row) for row in cells.itertuples(index=False)]), notes


def lengths_of(texts: Texts) -> str:
    """How long texts are, which decides what a backbone of limited length sees of them."""
    lengths = [len(text) for text in texts.tolist()]
    mean = sum(lengths) / max(len(lengths), 1)
    return f"texts of {min(lengths, default=0)} to {max(lengths, default=0)} characters, {mean:.0f} on average"


def _joined(cells: Sequence[Any]) -> str:
    return "\n".join(cell for cell in cells if isinstance(cell, str))


def _check_kind(title: str, values: pd.Series[Any], column: str) -> None:
    wrong = values.dropna()[[not isinstance(value, str) for value in values.dropna()]]
    if len(wrong):
        where = f"row {int(wrong.index[0]) + 1} is {str(wrong.iloc[0])[:40]!r}"
        kind = type(wrong.iloc[0]).__name__
        raise DataError(f"{title}: column {column!r} is no column of text ({where}, {kind}); name one that is in text")
