"""What transfer did in the cells of a suite: how many it helped and hurt, and which it hurt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tlbench.evaluation.statistics import Verdict
from tlbench.leaderboard import notes
from tlbench.leaderboard.frame import Board
from tlbench.leaderboard.scores import Place
from tlbench.leaderboard.table import cells_by_place, metric_and_protocol
from tlbench.spec import CLUSTERING

_HURTS = "hurts: "


@dataclass
class Harm:
    """Of each strategy how many cells have which verdict, and a line for each table in which some are hurt."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def hurt(self) -> int:
        """The number of cells that transfer hurt."""
        return sum(found["hurts"] for found in self.verdicts.values())


def harm(board: Board) -> Harm:
    """The verdicts of a board by the suite's own metric and protocol. Raises `TlbenchError` as its tables do."""
    found = Harm()
    for place in _places(board):
        used = {cell.variant: cell.strategy for cell in place.cells}
        for (variant, _), verdict in place.verdicts.items():
            found.verdicts.setdefault(used[variant], Counter())[verdict] += 1
        found.lines += [
            f"{notes.title(place)}: {line.removeprefix(_HURTS)}"
            for line in notes.harm(place)
            if line.startswith(_HURTS)
        ]
    return found


def _places(board: Board) -> Iterator[Place]:
    """The places of the board's tables, as `leaderboard` has them."""
    metric, selection = metric_and_protocol(board, None, None)
    for cells in cells_by_place(board.cells):
        clusters = cells[0].setting == "unsupervised"
        of = metric if not clusters or metric in CLUSTERING else CLUSTERING[0]
        yield Place(board, cells, "last" if clusters else selection, of)
