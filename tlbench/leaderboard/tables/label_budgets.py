"""Label budgets: their order, their names in a table, and what holds at each of them in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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

    >>> in_words({5: "helps", 20: "helps", 100: "undecided", "all": "hurts"})
    'helps up to 20 labels per class; undecided at 100; hurts with all'
    """
    if len(said) > 1 and len(set(said.values())) == 1:
        return f"{next(iter(said.values()))} at every label budget"
    spell, kinds = _speller(), _kinds(said)
    clauses: list[str] = []
    for (what, _), group in groupby(said, key=lambda shots: (said[shots], kinds[shots])):
        run = list(group)
        clauses.append(f"{what} {_range(run, spell, starts=not clauses)}")
    return "; ".join(clauses)


def _kinds(budgets: Iterable[Shots]) -> dict[Shots, _Kind]:
    """Numbers or shares; `all` goes with what stands before it."""
    kinds: dict[Shots, _Kind] = {}
    kind: _Kind = "per class"
    for shots in budgets:
        kind = kind if shots == "all" else _kind(shots)
        kinds[shots] = kind
    return kinds


def _range(run: Sequence[Shots], spell: Callable[[Shots], str], *, starts: bool) -> str:
    if len(run) == 1:
        return f"{'with' if run[0] == 'all' else 'at'} {spell(run[0])}"
    return f"up to {spell(run[-1])}" if starts else f"from {spell(run[0])} to {spell(run[-1])}"


def _speller() -> Callable[[Shots], str]:
    """Budgets in a sentence, which names a unit once."""
    units = dict(_UNITS)

    def spell(shots: Shots) -> str:
        if shots == "all":
            return "all"
        unit = units.pop(_kind(shots), "")
        text = _share(shots) if isinstance(shots, float) else str(examples_of(shots) or shots)
        return text + (unit.replace("labels", "label") if text == "1" else unit)

    return spell


def _share(shots: float) -> str:
    return f"{100 * shots:g} %"
