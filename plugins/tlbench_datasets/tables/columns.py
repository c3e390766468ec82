"""Columns of tables: what they are called, what they hold, and what is wrong with them, by the row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from tlbench.core.domain import SplitName
from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.shared.own_data import SPLIT_NAMES


def check_columns(title: str, there: Sequence[str], roles: Mapping[str, str | None], **lists: Sequence[str]) -> None:
    """Raise `DataError` for columns that are not there, and for those that would have two roles."""
    asked = [(key, name) for key, name in roles.items() if name is not None]
    named = asked + [(key, name) for key, names in lists.items() for name in names]
    faults = [f"{key}: {unknown('column', name, there)}" for key, name in named if name not in there]
    for key, names in lists.items():
        faults += [f"{key}: {name!r} is the {role} itself; leave it out" for role, name in asked if name in names]
    if len({name for _, name in asked}) < len(asked):
        faults.append(f"{', '.join(key for key, _ in asked[:-1])} and {asked[-1][0]} must be different columns")
    if faults:
        raise DataError(f"{title}: {'; '.join(faults)}{_separator_hint(there)}")


def _separator_hint(there: Sequence[str]) -> str:
    """A header that is one column to the last is most often written with another separator, as Excel does."""
    if len(there) == 1 and (found := max(";\t|,", key=there[0].count)) in there[0]:
        return f"; the columns are separated by {found!r}: write separator = {_toml(found)} in [data]"
    return ""


def _toml(separator: str) -> str:
    return '"\\t"' if separator == "\t" else f'"{separator}"'


def written(values: pd.Series[Any]) -> list[str]:
    """Values as they are shown: a whole number without its point, names without spaces around them, in one form."""
    there = values.tolist()
    return [str(int(v)) if isinstance(v, float) and v.is_integer() else composed(str(v).strip()) for v in there]


def labels_of(title: str, values: pd.Series[Any], column: str) -> list[str]:
    """Names of classes. Raises `DataError` for labels that are missing or are measurements."""
    texts = named_in(title, values, column, "label")
    numbers = pd.to_numeric(pd.Series(texts), errors="coerce")
    if numbers.isna().any():
        return texts
    broken = numbers[numbers % 1 != 0]
    if len(broken):
        message = "labels are whole numbers or names of classes; turn measurements into classes first"
        raise DataError(f"{title}: the label column {column!r} holds {texts[broken.index[0]]!r}; {message}")
    return [re.sub(r"\.0*$", "", text) for text in texts]  # 1.0 is the class 1, as it is where no row has a hole


def named_in(title: str, values: pd.Series[Any], column: str, role: str) -> list[str]:
    """What each row says in a column. Raises `DataError` where one says nothing."""
    if values.isna().any():
        raise DataError(f"{title}: {absent(values, column, role)}")
    return written(values)


def splits_of(title: str, values: pd.Series[Any], column: str) -> list[SplitName]:
    """The split of each row. Raises `DataError` where one names none, or what is no split."""
    names = named_in(title, values, column, "split")
    if wrong := sorted(set(names) - SPLIT_NAMES.keys()):
        raise DataError(f"{title}: {unknown('split', wrong[0], SPLIT_NAMES)} (column {column!r})")
    return [SPLIT_NAMES[name] for name in names]


def plain_columns(title: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Bytes as the text that they are in UTF-8, decimals as numbers. Raises `DataError` for other bytes."""
    for column in [name for name in frame.columns if pd.api.types.is_object_dtype(frame[name])]:
        there = frame[column].dropna()
        kind = type(there.iloc[0]) if len(there) else str
        if kind is bytes:
            try:
                frame[column] = frame[column].map(lambda value: value.decode() if isinstance(value, bytes) else value)
            except UnicodeDecodeError as error:
                raise DataError(f"{title}: column {column!r} holds bytes that are no text in UTF-8") from error
        elif kind is Decimal:
            frame[column] = frame[column].astype(float)
    return frame


def absent(values: pd.Series[Any], column: str, role: str) -> str:
    """How many rows lack what a column is for, and the first of them."""
    rows = values.index[values.isna()]
    return f"{len(rows)} rows have no {role} in column {column!r}, the first is row {int(rows[0]) + 1} below the header"
