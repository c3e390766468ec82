"""What transfer did in the cells of a suite: how many it helped and hurt, and which it hurt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tlbench.evaluation.verdicts import Verdict
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CellKey
from tlbench.leaderboard.leaderboard import places
from tlbench.leaderboard.tables import notes, verdict_notes

#: The runs of a cell, by which it is the same cell in another suite.
Runs = frozenset[str]


@dataclass
class Harm:
    """Of each strategy how many cells have which verdict, and a line for each table in which some are hurt.

    `elsewhere`: cells that are left out since another suite, counted before, has them.
    """

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    elsewhere: int = 0

    @property
    def hurt(self) -> int:
        """The number of cells that transfer hurt."""
        return sum(found["hurts"] for found in self.verdicts.values())


def harm_of_all(result_sets: Mapping[str, ResultSet]) -> dict[str, Harm]:
    """The verdicts of several result sets by their names; a cell that some share counts in the first of them."""
    counted: set[Runs] = set()
    return {name: harm(result_set, counted) for name, result_set in result_sets.items()}


def harm(result_set: ResultSet, counted: set[Runs] | None = None) -> Harm:
    """The verdicts of a result set by the suite's own metric and protocol, of tables that have seeds enough for any.

    Cells whose runs are all in `counted` are left out; the others are added to it. Raises `TlbenchError` as its tables
    do.
    """
    found, known = Harm(), set() if counted is None else counted
    for place in places(result_set):
        if place.few_seeds:
            continue
        used = {cell.variant: cell.strategy for cell in place.cells}
        kept = []
        for spot, verdict in place.verdicts.items():
            runs = _runs(place, spot)
            if runs in known:
                found.elsewhere += 1
                continue
            known.add(runs)
            kept.append(spot)
            found.verdicts.setdefault(used[spot[0]], Counter())[verdict] += 1
        if hurt := verdict_notes.hurt(place, of=kept):
            found.lines.append(f"{notes.title(place)}: {hurt}")
    return found


def _runs(place: TableGroup, spot: CellKey) -> Runs:
    """The runs of a cell and those that its gap is taken to."""
    cells = place.by_spot[spot].values()
    base = place.base_of(spot[0]) or ""
    return frozenset(key for cell in cells for key in (cell.run_key, cell.references.get(base, "")))
