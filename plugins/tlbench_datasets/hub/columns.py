"""What the columns of a data set of the hub hold: images or text, and names of classes and domains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.shared.own_data import Indices

Kind = Literal["image", "text", "class", "number", "other"]


def kind_of(feature: Any) -> Kind:
    """What a feature of the `datasets` library holds; images may also be bare bytes, or a table of bytes and path."""
    dtype = str(getattr(feature, "dtype", ""))
    if type(feature).__name__ == "ClassLabel":
        return "class"
    if type(feature).__name__ == "Image" or (isinstance(feature, dict) and "bytes" in feature):
        return "image"
    if type(feature).__name__ != "Value":
        return "other"
    if dtype in ("binary", "large_binary"):
        return "image"
    return "text" if "string" in dtype else "number" if dtype.startswith(("int", "uint", "bool", "float")) else "other"


def kinds_of(features: Mapping[str, Any]) -> dict[str, Kind]:
    """What each column holds."""
    return {name: kind_of(feature) for name, feature in features.items()}


def check_columns(title: str, features: Mapping[str, Any], named: Mapping[str, str | None]) -> None:
    """Raise `DataError` for every column that is named, by the option before it, and is not there."""
    faults = [
        f"{option}: {unknown('column', name, features)}"
        for option, name in named.items()
        if name is not None and name not in features
    ]
    if faults:
        raise DataError(f"{title}: {'; '.join(faults)}")


def input_columns(
    title: str, features: Mapping[str, Any], wanted: Sequence[str] | None, others: Sequence[str | None]
) -> tuple[list[str], Literal["image", "text"]]:
    """The columns of the inputs, one of images or some of text: those that are wanted, or the only ones there are.

    `others` are what says label and domain. Raises `DataError` where there is nothing to take, or a choice.
    """
    kinds = kinds_of(features)
    if wanted is None:
        wanted = _only(title, kinds, others)
    for name in wanted:
        if name not in kinds:
            raise DataError(f"{title}: inputs: {unknown('column', name, kinds)}")
        if name in others:
            raise DataError(f"{title}: inputs: {name!r} says the label or the domain itself; name another column")
    found = {kinds[name] for name in wanted}
    if found == {"text"}:
        return list(wanted), "text"
    if found == {"image"} and len(wanted) == 1:
        return list(wanted), "image"
    held = ", ".join(f"{name!r} holds {_PLURAL[kinds[name]]}" for name in wanted)
    raise DataError(f"{title}: inputs: {held}; inputs are one column of images, or columns of text, which are joined")


_PLURAL: Mapping[Kind, str] = {
    "image": "images",
    "text": "text",
    "class": "classes",
    "number": "numbers",
    "other": "something else",
}


def _only(title: str, kinds: Mapping[str, Kind], others: Sequence[str | None]) -> list[str]:
    for kind in ("image", "text"):
        found = [name for name, held in kinds.items() if held == kind and name not in others]
        if len(found) > 1:
            columns = ", ".join(map(repr, found))
            raise DataError(f"{title} has several columns of {_PLURAL[kind]} ({columns}): write inputs = in [data]")
        if found:
            return found
    there = ", ".join(f"{name!r} ({_PLURAL[kind]})" for name, kind in kinds.items())
    raise DataError(f"{title} has no column of images or text beside the label and the domain; it has {there}")


def names_in(title: str, table: Any, column: str, role: str) -> list[str | None]:
    """The class or domain that each row of a table names, None where it names none.

    A class label gives its name, a whole number itself, text itself. Raises `DataError` for anything else.
    """
    feature = table.features[column]
    values = table.data.column(column).to_pylist()
    if (kind := kind_of(feature)) == "class":
        return [None if value is None or value < 0 else composed(feature.names[value]) for value in values]
    if kind not in ("text", "number"):
        message = f"the column {column!r} holds {_PLURAL[kind]}; a {role} is a class label, a whole number or text"
        raise DataError(f"{title}: {message}")
    named = {value: _name(title, column, role, value) for value in set(values)}
    if role == "label" and kind == "text":
        named = _whole_numbers(title, column, named)
    return [named[value] for value in values]


def _whole_numbers(title: str, column: str, named: Mapping[Any, str | None]) -> dict[Any, str | None]:
    """Labels of text that all are numbers: 1.0 is the class 1. Raises `DataError` for measurements."""
    there = [name for name in named.values() if name is not None]
    if not all(re.fullmatch(r"[+-]?\d+(\.\d*)?", name) for name in there):
        return dict(named)
    for name in there:
        _name(title, column, "label", float(name))
    return {value: name and re.sub(r"\.0*$", "", name) for value, name in named.items()}


def _name(title: str, column: str, role: str, value: Any) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 – NaN alone is not itself
        return None
    if isinstance(value, float) and not value.is_integer():
        message = f"a {role} is a class label, a whole number or text; turn measurements into classes first"
        raise DataError(f"{title}: the column {column!r} holds {value!r}; {message}")
    return composed(value.strip()) or None if isinstance(value, str) else str(int(value))


def domain_names(title: str, table: Any, column: str) -> set[str]:
    """The domains that a column names, read without any other column. Raises `DataError` where a row names none."""
    names = names_in(title, table, column, "domain")
    if (missing := names.count(None)) > 0:
        first = names.index(None)
        raise DataError(f"{title}: {missing} rows have no domain in column {column!r}, the first is row {first}")
    return {name for name in names if name is not None}


def rows_of(title: str, table: Any, column: str, domain: str) -> Indices:
    """The rows of a domain, int64 (n,)."""
    names = names_in(title, table, column, "domain")
    return np.flatnonzero([name == domain for name in names]).astype(np.int64)
