"""New rows of a table, prepared as those were that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tlbench.core.inputs import Texts
from tlbench.errors import DataError, unknown
from tlbench_datasets.shared.own_data import Indices
from tlbench_datasets.shared.scaling import Standard, as_read
from tlbench_datasets.tables.numbers import Elsewhere, column_means
from tlbench_datasets.tables.texts import texts_of


def reading_of(
    columns: Sequence[str], rows: NDArray[np.float64], train: Indices, params: Any, elsewhere: Elsewhere
) -> dict[str, Any]:
    """How rows of one domain become inputs: columns, what fills a hole, and what is subtracted and divided by.

    `rows` (n, columns) are the domain's as they were read, before holes were filled; `elsewhere` is as of `filled`.
    """
    reading: dict[str, Any] = {"columns": list(columns)}
    filled = rows
    if params.missing == "mean":
        means = column_means(rows[train], elsewhere)[0]
        reading["missing"] = means.tolist()
        filled = np.where(np.isnan(rows), means, rows)
    if params.scale == "standardise":
        reading |= Standard.of(filled, train).reading
    return reading


def numbers_from(raw: Any, reading: Mapping[str, Any]) -> NDArray[np.float32]:
    """Rows of a frame as float32 (n, features). Raises `DataError` for columns that lack or hold no numbers."""
    columns = reading["columns"]
    if not isinstance(raw, pd.DataFrame):
        raise DataError(f"a {type(raw).__name__} is no table: give a pandas.DataFrame with the columns {columns}")
    lacking = [column for column in columns if column not in raw.columns]
    if lacking:
        raise DataError(f"{unknown('column', lacking[0], map(str, raw.columns))}; the model takes {columns}")
    try:
        values = raw[columns].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"columns of numbers are expected ({columns}): {error}") from error
    holes = np.isnan(values)
    if holes.any():
        if "missing" not in reading:
            row, column = (int(place) for place in np.argwhere(holes)[0])
            raise DataError(f"row {row + 1} has no value in column {columns[column]!r}; the model was trained on none")
        values = np.where(holes, np.array(reading["missing"]), values)
    return as_read(values, reading)


def texts_from(raw: Any, reading: Mapping[str, Any]) -> Texts:
    """Texts, or the columns of text of a frame, joined as those of the training data were."""
    if isinstance(raw, pd.DataFrame):
        lacking = [column for column in reading["texts"] if column not in raw.columns]
        if lacking:
            raise DataError(f"{unknown('column', lacking[0], map(str, raw.columns))}; give {reading['texts']}")
        return texts_of("new rows", raw.reset_index(drop=True), reading["texts"], reading["missing"])[0]
    if isinstance(raw, str) or not all(isinstance(text, str) for text in raw):
        raise DataError("texts are expected: a list of strings, or a pandas.DataFrame with their columns")
    return Texts.of(list(raw))
