"""Columns of numbers as features: which they are, what stands for missing values, and their scale."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

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
    empty = [column for column in others if frame[column].isna().all() and column not in (named or ())]
    others = [column for column in others if column not in empty]
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
    left_out = [*(_with_example(frame[name], name) for name in text), *(f"{name!r} (empty)" for name in empty)]
    note = f"columns that are no numbers are left out: {', '.join(left_out)}"
    return Numbers(numbers, (note,) if left_out else ())


def _with_example(values: pd.Series[Any], column: str) -> str:
    return f"{column!r} ({str(values.dropna().iloc[0])[:20]!r})"


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
    title: str,
    columns: Sequence[str],
    inputs: NDArray[np.float64],
    train: Indices,
    missing: str,
    elsewhere: Callable[[Indices], tuple[NDArray[np.float64], list[str]]],
) -> tuple[NDArray[np.float64], list[str]]:
    """Inputs without holes: the mean of the domain's training data stands for a value that is not there.

    `elsewhere` gives the means of columns, by their places, in the training data of other domains, with their names:
    they stand in for those of a column that has no value in this domain's.
    """
    holes = np.isnan(inputs)
    named = {column: int(count) for column, count in zip(columns, holes.sum(axis=0), strict=True) if count}
    if not named:
        return inputs, []
    counts = [f"{count} in column {column!r}" for column, count in named.items()]
    if missing == "fail":
        hint = 'fill them in, leave the columns out of features, or set missing = "mean" in [data]'
        raise Faults(f"{title}: values are missing; {hint}", listed(counts))
    empty = np.flatnonzero(holes[train].all(axis=0)).astype(np.int64)
    there = np.setdiff1d(np.arange(len(columns)), empty)
    means = np.full(len(columns), np.nan)
    means[there] = np.nanmean(inputs[train][:, there], axis=0)
    notes = []
    if own := [text for column, text in zip(named, counts, strict=True) if columns.index(column) not in empty]:
        notes.append(f"missing values became the mean of the domain's training data: {', '.join(listed(own))}")
    if len(empty):
        means[empty], others = elsewhere(empty)
        names = ", ".join(listed([repr(columns[place]) for place in empty.tolist()]))
        if nowhere := [columns[place] for place in empty.tolist() if np.isnan(means[place])]:
            message = f"column {nowhere[0]!r} has no value in the training data of any domain"
            raise DataError(f"{title}: {message}; leave it out of features")
        notes.append(
            f"columns without a value in the domain's training data became their mean in that of "
            f"{' and '.join(map(repr, others))}: {names}"
        )
    return np.where(holes, means, inputs), notes


def scaled(
    columns: Sequence[str], inputs: NDArray[np.float64], train: Indices, scale: Literal["none", "standardise"]
) -> tuple[NDArray[np.float64], list[str]]:
    """Inputs as they are, or (x − mean)/deviation with both of the domain's own training inputs, no label used.

    A dataset does not know which domain will be the source, so it can only take each for itself.
    """
    if scale == "none":
        return inputs, []
    with np.errstate(all="ignore"):  # what is not finite is told of later, with its row
        mean = inputs[train].mean(axis=0)
        deviation = inputs[train].std(axis=0)
        # What is the same in all training data says nothing of its scale, and is only shifted.
        moved = (inputs - mean) / np.where(deviation > 0, deviation, 1.0)
    notes = ["features were standardised by the mean and the deviation of the domain's own training data"]
    constant = [column for column, spread in zip(columns, deviation, strict=True) if spread == 0]
    if constant:
        notes.append(f"columns that are constant in the training data: {', '.join(listed(list(map(repr, constant))))}")
    return moved, notes


def as_float32(columns: Sequence[str], inputs: NDArray[np.float64]) -> tuple[NDArray[np.float32], list[str]]:
    """Inputs as they are stored, and a note on columns of which a tenth of the values become equal to others.

    Seconds since 1970 do: 32 bits hold them to 128 s.
    """
    with np.errstate(over="ignore"):  # what is not finite is told of later, with its row
        stored = inputs.astype(np.float32)
    merged = [
        column
        for place, column in enumerate(columns)
        if len(np.unique(stored[:, place])) < 0.9 * len(np.unique(inputs[:, place]))
    ]
    hint = 'set scale = "standardise" in [data], which is computed before rounding'
    note = f"different values become equal in 32 bits in columns {', '.join(listed(list(map(repr, merged))))}; {hint}"
    return stored, [note] if merged else []
