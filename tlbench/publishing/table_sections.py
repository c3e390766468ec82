"""The tables that a published folder shows, under their headings: the same in every format."""

from __future__ import annotations

from dataclasses import dataclass

from tlbench.errors import TlbenchError, unknown
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.claims.by_figure import by_figure
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.tables.cells import Table
from tlbench.suites.table_layouts import FURTHER_VIEWS, SELECTION, TableLayout

#: What stands above the tables of a further shape. A shape that is not here is announced by its name.
_HEADINGS = {"pair": "By pair", "shots": "By label budget", "source": "By source", SELECTION: "What choosing is worth"}
_INTRODUCTIONS = {
    SELECTION: "Every protocol is scored from the same trainings. `target-test` ⚠ chooses on target test labels: it is "
    "shown for comparison and never ranked."
}


@dataclass(frozen=True)
class Section:
    """Tables under a heading; `introduction` is Markdown."""

    heading: str
    tables: list[Table]
    introduction: str = ""


def sections(result_set: ResultSet) -> list[Section]:
    """Published figures beside ours, the tables, and the further shapes that the suite asks for.

    Raises `TlbenchError` where a table cannot be made, as for a view that is not known.
    """
    claims = [Section("Published figures beside ours", by_figure(result_set))] if result_set.plan.claims else []
    return [
        *claims,
        Section("The tables", leaderboard(result_set)),
        *(_view(result_set, name) for name in result_set.plan.views),
    ]


def _view(result_set: ResultSet, name: str) -> Section:
    if name not in FURTHER_VIEWS:
        raise TlbenchError(f"the plan of {result_set.plan.suite!r}: {unknown('view', name, FURTHER_VIEWS)}")
    tables = (
        leaderboard(result_set, selection="all") if name == SELECTION else leaderboard(result_set, by=TableLayout(name))
    )
    return Section(_HEADINGS.get(name, f"By {name}"), tables, _INTRODUCTIONS.get(name, ""))
