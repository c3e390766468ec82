"""Lists in which nothing stands twice: the same again would fill the same place of a table twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import AfterValidator, Field


def repeated(values: Sequence[Any]) -> list[Any]:
    """What is there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def distinct(values: list[Any]) -> list[Any]:
    """The values. Raises `ValueError` where one is there more than once."""
    if found := repeated(values):
        raise ValueError(f"{', '.join(map(repr, found))} is there more than once; name each once")
    return values


AtLeastOne = Field(min_length=1)
Distinct = AfterValidator(distinct)
