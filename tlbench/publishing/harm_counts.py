"""What transfer did in the cells of a suite: how many it helped and hurt, and which it hurt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tlbench.evaluation.verdicts import Verdict
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.leaderboard import places
from tlbench.leaderboard.tables import notes


@dataclass
class Harm:
    """Of each strategy how many cells have which verdict, and a line for each table in which some are hurt."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def hurt(self) -> int:
        """The number of cells that transfer hurt."""
        return sum(found["hurts"] for found in self.verdicts.values())


def harm(result_set: ResultSet) -> Harm:
    """The verdicts of a result set by the suite's own metric and protocol. Raises `TlbenchError` as its tables do."""
    found = Harm()
    for place in places(result_set):
        used = {cell.variant: cell.strategy for cell in place.cells}
        for (variant, _), verdict in place.verdicts.items():
            found.verdicts.setdefault(used[variant], Counter())[verdict] += 1
        if hurt := notes.hurt(place):
            found.lines.append(f"{notes.title(place)}: {hurt}")
    return found
