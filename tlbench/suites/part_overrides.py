"""The tables `[budget]` and `[training]` of a suite, and those of its parts, which stand over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from tlbench.core.recipe import BELONGS
from tlbench.core.run_spec import Plain

_Table = TypeVar("_Table", bound=Plain)


def stand_over(suite: _Table, part: _Table) -> _Table:
    """The suite's table with what a part's says in it."""
    return type(suite).model_validate(stacked(suite.model_dump(), part.model_dump(exclude_unset=True)))


def stacked(suite: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a part over those of a suite.

    With another optimiser or schedule than they belong to, `nesterov` and `decay` of the suite go too.
    """
    gone = {key for key, (of, value) in BELONGS.items() if part.get(of, value) != value}
    return {**{key: value for key, value in suite.items() if key not in gone}, **part}
