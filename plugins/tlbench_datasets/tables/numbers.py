"""Columns of numbers as features: which they are, what stands for missing values, and their scale."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tlbench.core.number_text import number_text
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.own_data import Indices, listed

NO_TEXT = "name columns of numbers in features, or a column of text in text"


@dataclass(frozen=True)
class Numbers:
    """Columns that are features. `named` by the user, who then is told of text among them."""

    columns: list[str]
    notes: tuple[str, ...] = ()


def find_numbers(
    title: str, frame: pd.DataFrame, roles: Sequence[str | None], named: Sequence[str] | None, options: bool
) -> Numbers:
    """The columns of features, and a note on those that are none. Raises `TlbenchError` for text where it is named.

    A column of which nearly all values are numbers is never left out in silence. `options`: options of the table can
    say how numbers are written.
    """
    others = [column for column in frame.columns if column not in roles]
    text = [column for column in others if not is_number(frame[column])]
    if named is not None:
        wrong = [column for column in named if column in text]
        if wrong:
            faults = [
                _number_fault(frame[column], column, options) or _text_fault(frame[column], column) for column in wrong
            ]
            raise Faults(f"{title}: features", faults)
        return Numbers(list(named))
    if faults := [fault for column in text if (fault := _number_fault(frame[column], column, options))]:
        raise Faults(f"{title}: columns of numbers that are written as text; or name the others in features", faults)
    numbers = [column for column in others if column not in text]
    if not numbers:
        raise DataError(f"{title} has no columns of numbers beside label, domain and split; {NO_TEXT}")
    note = f"columns that are no numbers are left out: {', '.join(_with_example(frame[name], name) for name in text)}"
    return Numbers(numbers, (note,) if text else ())


def _with_example(values: pd.Series[Any], column: str) -> str:
    there = values.dropna()
    return f"{column!r} ({str(there.iloc[0])[:20]!r})" if len(there) else f"{column!r} (empty)"


def _number_fault(values: pd.Series[Any], column: str, options: bool) -> str | None:
    """What to do about a column of text that is meant as numbers; None where it is not."""
    cells = [str(value) for value in values.dropna().tolist()]
    found = number_text(cells)
    if found is None:
        return None
    wrong = {**found.placeholders, **found.other}
    said = ", ".join(f"{count} of {len(values)} cells are {cell!r}" for cell, count in list(wrong.items())[:3])
    does = []
    if found.ambiguous:
        does.append('thousands = "," (1,234 is 1234) or decimal = "," (1,234 is 1.234)')
    elif found.decimal == ",":
        does.append(f'decimal = "{found.decimal}"')
    if found.thousands:
        does.append(f'thousands = "{found.thousands}"')
    if found.placeholders:
        does.append(f"missing_values = {json.dumps([*found.placeholders], ensure_ascii=False)}")
    example = f", such as {next(iter(cells))!r}" if found.decimal or found.thousands else ""
    hint = f"write {' and '.join(does)} in [data]" if options else "write the column as numbers"
    if found.other:
        hint = f"write plain numbers in their place{f', and {hint}' if does and options else ''}"
    question = "; missing?" if found.placeholders else ";"
    return f"column {column!r}: {said or 'numbers are written with other signs' + example}{question} {hint}"


def is_number(values: pd.Series[Any]) -> bool:
    """Whether a column can be a feature."""
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_complex_dtype(values)


def _text_fault(values: pd.Series[Any], column: str) -> str:
    there = values.dropna()
    wrong = there[pd.to_numeric(there, errors="coerce").isna()]
    where = f" (row {int(wrong.index[0]) + 1} is {str(wrong.iloc[0])[:40]!r})" if len(wrong) else ""
    return f"column {column!r} is no column of numbers{where}; {NO_TEXT}"


def filled(
    title: str, columns: Sequence[str], inputs: NDArray[np.float64], train: Indices, missing: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Inputs without holes: the mean of the domain's training data stands for a value that is not there."""
    holes = np.isnan(inputs)
    counts = hole_counts(columns, holes)
    if not counts:
        return inputs, []
    if missing == "fail":
        raise holes_fault(title, counts)
    empty = np.flatnonzero(holes[train].all(axis=0))
    if len(empty):
        column = columns[empty[0]]
        raise DataError(f"{title}: column {column!r} has no value in the training data; leave it out of features")
    means = np.nanmean(inputs[train], axis=0)
    note = f"missing values became the mean of the domain's training data: {', '.join(listed(counts))}"
    return np.where(holes, means, inputs), [note]


def counted_from_smallest(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Columns of numbers (n, features), whole ones less the smallest of each: float64 holds these to 2^53 alone."""
    moved = {
        place: values - values.min() if pd.api.types.is_integer_dtype(values) else values
        for place, (_, values) in enumerate(frame.items())
    }
    return pd.DataFrame(moved).to_numpy(dtype=np.float64, na_value=np.nan)


def hole_counts(columns: Sequence[str], holes: NDArray[np.bool_]) -> list[str]:
    """How many values are not there, by column, of those that lack some; `holes` has shape (n, columns)."""
    counts = zip(columns, holes.sum(axis=0).tolist(), strict=True)
    return [f"{count} in column {column!r}" for column, count in counts if count]


def holes_fault(title: str, counts: Sequence[str]) -> Faults:
    """What is said of values that are not there, where nothing stands in for them."""
    hint = 'fill them in, leave the columns out of features, or set missing = "mean" in [data]'
    return Faults(f"{title}: values are missing; {hint}", listed(counts))
