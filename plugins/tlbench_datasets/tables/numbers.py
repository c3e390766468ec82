"""Columns of numbers as features: which they are, what stands for missing values, and their scale."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tlbench.core.number_text import number_text
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.own_data import Indices, listed

#: Means of columns, by their places, in the training data of other domains, and the names of these.
Elsewhere = Callable[[Indices], tuple[NDArray[np.float64], list[str]]]
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
    elsewhere: Elsewhere,
) -> tuple[NDArray[np.float64], list[str]]:
    """Inputs without holes: the mean of the domain's training data stands for a value that is not there.

    Those of `elsewhere` stand in for the mean of a column that has no value in this domain's.
    """
    holes = np.isnan(inputs)
    counts = hole_counts(columns, holes)
    if not counts:
        return inputs, []
    if missing == "fail":
        raise holes_fault(title, counts)
    means, empty, others = column_means(inputs[train], elsewhere)
    notes = []
    if own := hole_counts(columns, np.where(empty, False, holes)):
        notes.append(f"missing values became the mean of the domain's training data: {', '.join(listed(own))}")
    if empty.any():
        if nowhere := [column for column, mean in zip(columns, means, strict=True) if np.isnan(mean)]:
            message = f"column {nowhere[0]!r} has no value in the training data of any domain"
            raise DataError(f"{title}: {message}; leave it out of features")
        names = ", ".join(listed([repr(columns[place]) for place in np.flatnonzero(empty).tolist()]))
        notes.append(
            f"columns without a value in the domain's training data became their mean in that of "
            f"{' and '.join(map(repr, others))}: {names}"
        )
    return np.where(holes, means, inputs), notes


def column_means(
    train: NDArray[np.float64], elsewhere: Elsewhere
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Means of columns over the values that training rows (n, columns) have; of columns without any, those of other
    domains, NaN where these have none either. Also which columns these are, and which domains.
    """
    empty = np.asarray(np.isnan(train).all(axis=0))
    means: NDArray[np.float64] = np.full(train.shape[1], np.nan)
    others: list[str] = []
    with np.errstate(all="ignore"):  # what is not finite is told of later, with its row
        means[~empty] = np.nanmean(train[:, ~empty], axis=0)
    if empty.any():
        means[empty], others = elsewhere(np.flatnonzero(empty).astype(np.int64))
    return means, empty, others


def smallest_of(frame: pd.DataFrame) -> NDArray[np.float64]:
    """What `counted_from_smallest` takes from each column of numbers, (n,): the smallest of whole ones, else 0."""
    return np.array([_offset(values) for _, values in frame.items()], np.float64)


def counted_from_smallest(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Columns of numbers (n, features), whole ones less the smallest of each: float64 holds these to 2^53 alone."""
    moved = {place: values - _offset(values) for place, (_, values) in enumerate(frame.items())}
    return pd.DataFrame(moved).to_numpy(dtype=np.float64, na_value=np.nan)


def _offset(values: pd.Series[Any]) -> Any:
    whole = pd.api.types.is_integer_dtype(values) and values.notna().any()
    return values.min() if whole else 0


def hole_counts(columns: Sequence[str], holes: NDArray[np.bool_]) -> list[str]:
    """How many values are not there, by column, of those that lack some; `holes` has shape (n, columns)."""
    counts = zip(columns, holes.sum(axis=0).tolist(), strict=True)
    return [f"{count} in column {column!r}" for column, count in counts if count]


def holes_fault(title: str, counts: Sequence[str]) -> Faults:
    """What is said of values that are not there, where nothing stands in for them."""
    hint = 'fill them in, leave the columns out of features, or set missing = "mean" in [data]'
    return Faults(f"{title}: values are missing; {hint}", listed(counts))
