"""Columns of numbers as features: which they are, what stands for missing values, and their scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.own_data import Indices, listed

NO_TEXT = "name columns of numbers in features, or a column of text in text"


@dataclass(frozen=True)
class Numbers:
    """Columns that are features. `named` by the user, who then is told of text among them."""

    columns: list[str]
    notes: tuple[str, ...] = ()


def find_numbers(title: str, frame: pd.DataFrame, roles: Sequence[str | None], named: Sequence[str] | None) -> Numbers:
    """The columns of features, and a note on those that are none. Raises `TlbenchError` for text where it is named."""
    others = [column for column in frame.columns if column not in roles]
    text = [column for column in others if not is_number(frame[column])]
    if named is not None:
        wrong = [column for column in named if column in text]
        if wrong:
            raise Faults(f"{title}: features", [_text_fault(frame[column], column) for column in wrong])
        return Numbers(list(named))
    numbers = [column for column in others if column not in text]
    if not numbers:
        raise DataError(f"{title} has no columns of numbers beside label, domain and split; {NO_TEXT}")
    note = f"columns that are no numbers are left out: {', '.join(map(repr, text))}"
    return Numbers(numbers, (note,) if text else ())


def is_number(values: pd.Series[Any]) -> bool:
    """Whether a column can be a feature."""
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_complex_dtype(values)


def _text_fault(values: pd.Series[Any], column: str) -> str:
    there = values.dropna()
    wrong = there[pd.to_numeric(there, errors="coerce").isna()]
    where = f" (row {int(wrong.index[0]) + 1} is {str(wrong.iloc[0])[:40]!r})" if len(wrong) else ""
    return f"column {column!r} is no column of numbers{where}; {NO_TEXT}"


def filled(
    title: str, columns: Sequence[str], inputs: NDArray[np.float32], train: Indices, missing: str
) -> tuple[NDArray[np.float32], list[str]]:
    """Inputs without holes: the mean of the domain's training data stands for a value that is not there."""
    holes = np.isnan(inputs)
    named = {column: int(count) for column, count in zip(columns, holes.sum(axis=0), strict=True) if count}
    if not named:
        return inputs, []
    counts = [f"{count} in column {column!r}" for column, count in named.items()]
    if missing == "fail":
        hint = 'fill them in, leave the columns out of features, or set missing = "mean" in [data]'
        raise Faults(f"{title}: values are missing; {hint}", listed(counts))
    empty = np.flatnonzero(holes[train].all(axis=0))
    if len(empty):
        column = columns[empty[0]]
        raise DataError(f"{title}: column {column!r} has no value in the training data; leave it out of features")
    means = np.nanmean(inputs[train], axis=0, dtype=np.float64).astype(np.float32)
    note = f"missing values became the mean of the domain's training data: {', '.join(listed(counts))}"
    return np.where(holes, means, inputs), [note]


def scaled(
    columns: Sequence[str], inputs: NDArray[np.float32], train: Indices, scale: Literal["none", "standardise"]
) -> tuple[NDArray[np.float32], list[str]]:
    """Inputs as they are, or (x − mean)/deviation with both of the domain's own training inputs, no label used.

    A dataset does not know which domain will be the source, so it can only take each for itself.
    """
    if scale == "none":
        return inputs, []
    with np.errstate(all="ignore"):  # what is not finite is told of later, with its row
        mean = inputs[train].mean(axis=0, dtype=np.float64)
        deviation = inputs[train].std(axis=0, dtype=np.float64)
        # What is the same in all training data says nothing of its scale, and is only shifted.
        moved = ((inputs - mean) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    notes = ["features were standardised by the mean and the deviation of the domain's own training data"]
    constant = [column for column, spread in zip(columns, deviation, strict=True) if spread == 0]
    if constant:
        notes.append(f"columns that are constant in the training data: {', '.join(listed(list(map(repr, constant))))}")
    return moved, notes
