"""Label budgets: their order, their names in a table, and what holds at each of them in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from tlbench.core.run_spec import Shots
from tlbench.leaderboard.tables.cells import count

_UNITS: Mapping[type, str] = {int: " labels per class", float: " of each class"}


def order(shots: Shots | None) -> tuple[int, float]:
    """The place of a budget among others: numbers of labels, then shares, then `all`.

    How many labels a share is depends on the class, so that numbers and shares have no common order.
    """
    if shots is None or shots == "all":
        return 2, 0.0
    return int(isinstance(shots, float)), float(shots)


def name(shots: Shots | None) -> str:
    """A budget as a suite has it: `5`, `0.1`, `all`."""
    return f"{shots:g}" if isinstance(shots, float) else str(shots)


def short(shots: Shots | None) -> str:
    """A budget as a heading: `5 shots`, `10 %`, `all`."""
    if isinstance(shots, float):
        return _share(shots)
    return count(shots, "shot") if isinstance(shots, int) else "all"


def meaning(budgets: Iterable[Shots | None]) -> str:
    """What the budgets of some columns are."""
    found = list(budgets)
    kinds = {int: "shots: labelled target examples per class", float: "%: a share of each class of the target"}
    said = [text for kind, text in kinds.items() if any(isinstance(shots, kind) for shots in found)]
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


def _kinds(budgets: Iterable[Shots]) -> dict[Shots, type]:
    """Numbers or shares; `all` goes with what stands before it."""
    kinds: dict[Shots, type] = {}
    kind: type = int
    for shots in budgets:
        kind = kind if shots == "all" else type(shots)
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
        if isinstance(shots, str):
            return shots
        unit = units.pop(type(shots), "")
        text = _share(shots) if isinstance(shots, float) else str(shots)
        return text + (unit.replace("labels", "label") if shots == 1 else unit)

    return spell


def _share(shots: float) -> str:
    return f"{100 * shots:g} %"
