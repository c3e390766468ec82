"""Label budgets: their order, their names in a table, and what holds at each of them in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal

from tlbench.core.run_spec import Shots, examples_of
from tlbench.leaderboard.tables.cells import count

#: Numbers of labels per class, shares of each class, numbers of labels in all.
_Kind = Literal["per class", "share", "in all"]
_UNITS: Mapping[_Kind, str] = {"per class": " labels per class", "share": " of each class", "in all": " labels in all"}
_PLACES: Mapping[_Kind, int] = {"per class": 0, "share": 1, "in all": 2}


def order(shots: Shots | None) -> tuple[int, float]:
    """The place of a budget among others: numbers by class, then shares, then numbers in all, then `all`.

    How many labels a share is depends on the class, so that numbers and shares have no common order.
    """
    if shots is None or shots == "all":
        return len(_PLACES), 0.0
    return _PLACES[_kind(shots)], float(examples_of(shots) or shots)


def _kind(shots: Shots) -> _Kind:
    return "share" if isinstance(shots, float) else "per class" if isinstance(shots, int) else "in all"


def name(shots: Shots | None) -> str:
    """A budget as a suite has it: `5`, `0.1`, `all`."""
    return f"{shots:g}" if isinstance(shots, float) else str(shots)


def short(shots: Shots | None) -> str:
    """A budget as a heading: `5 shots`, `10 %`, `50 examples`, `all`."""
    if isinstance(shots, float):
        return _share(shots)
    return count(shots, "shot") if isinstance(shots, int) else str(shots or "all")


def meaning(budgets: Iterable[Shots | None]) -> str:
    """What the budgets of some columns are."""
    found = list(budgets)
    meanings: Mapping[_Kind, str] = {
        "per class": "shots: labelled target examples per class",
        "share": "%: a share of each class of the target",
        "in all": "examples: labelled target examples in all, in the shares of the classes",
    }
    there = {_kind(shots) for shots in found if shots is not None and shots != "all"}
    said = [text for kind, text in meanings.items() if kind in there]
    return "; ".join([*said, *(["all: all target labels"] if "all" in found else [])])


def in_words(said: Mapping[Shots, str]) -> str:
    """What holds at each budget, a clause for neighbours of which the same holds; `said` is in order, not empty.

    Only these budgets are named, and nothing is said of those between them.

    >>> in_words({5: "helps", 20: "helps", 100: "unknown", "all": "hurts"})
    'helps at 5 and 20 labels per class; unknown at 100; hurts with all'
    """
    units = dict(_UNITS)
    return "; ".join(f"{what} {_listed(list(group), units)}" for what, group in groupby(said, key=said.__getitem__))


def _listed(budgets: Sequence[Shots], units: dict[_Kind, str]) -> str:
    """`at 5 and 20 labels per class, 10 % of each class, and with all`; `units` are those not named before."""
    parts = []
    for kind in _PLACES:
        if several := [_amount(shots) for shots in budgets if shots != "all" and _kind(shots) == kind]:
            unit = units.pop(kind, "").replace("labels", "label" if several == ["1"] else "labels")
            parts.append(f"at {_and(several)}{unit}")
    if "all" in budgets:
        parts.append("with all")
    return _and(parts)


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _amount(shots: Shots) -> str:
    return _share(shots) if isinstance(shots, float) else str(examples_of(shots) or shots)


def _share(shots: float) -> str:
    return f"{100 * shots:g} %"
