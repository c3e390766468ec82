"""From a board to its tables. What may not be ranked together stands in different tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from tlbench.core.run_spec import CLUSTERING
from tlbench.errors import TlbenchError, unknown
from tlbench.evaluation.selection import PROTOCOLS
from tlbench.leaderboard.analysis.result_set import Board
from tlbench.leaderboard.analysis.scores import Place
from tlbench.leaderboard.tables.by_pair import by_pair
from tlbench.leaderboard.tables.by_selection import by_selection
from tlbench.leaderboard.tables.by_shots import by_shots
from tlbench.leaderboard.tables.by_source import by_source
from tlbench.leaderboard.tables.by_strategy import COLUMN_NAMES, by_strategy
from tlbench.leaderboard.tables.cells import Cell, Column, Table
from tlbench.records.planned_cell import PlannedCell
from tlbench.suites.filters import Filters, check, leaves
from tlbench.suites.table_layouts import By

__all__ = ["Cell", "Column", "Filters", "Table", "leaderboard"]

SECOND_METRIC = "macro_f1"
#: Shapes that set several parts of a board side by side, or make several tables of one.
_ACROSS: Mapping[str, Callable[[Sequence[Place]], list[Table]]] = MappingProxyType(
    {By.shots: by_shots, By.source: by_source}
)


def leaderboard(
    board: Board,
    metric: str | None = None,
    by: str = By.strategy,
    selection: str | None = None,
    columns: Sequence[str] | None = None,
    missing: Literal["show", "drop"] = "show",
    filters: Filters | None = None,
) -> list[Table]:
    """The tables of a board: one per setting, label budget, evaluation and backbone.

    `by="shots"` sets the label budgets of `inductive` side by side, `by="source"` has sources as rows and targets as
    columns, in a table for each strategy; neither goes with `selection="all"`.
    `metric`: of which gaps, verdicts and ranks are made; the board's primary metric by default. `selection`: a
    protocol, by default the suite's; `all` shows those that are recorded side by side. `columns`: which columns beside
    the first, in this order: metrics and `COLUMN_NAMES`, or with `by="pair"` pairs, with `by="shots"` budgets and their
    gaps (`5`, `gap:5`), with `by="source"` targets, with `selection="all"` protocols.
    `missing="drop"` takes means over what is there, and the caption counts what was left out.
    Raises `TlbenchError` for a name that is not known, where the filters leave nothing, and where a board has nothing
    to set side by side.
    """
    metric, selection = metric_and_protocol(board, metric, selection)
    _known("--by", by, [*By])
    _known("--missing", missing, ["show", "drop"])
    tables = []
    drop = missing == "drop"
    groups = cells_by_place(chosen_cells(board.cells, filters or {}))
    if by in _ACROSS:
        if selection == "all":
            raise TlbenchError(f"--by {by} takes one --selection, not all; recorded: {', '.join(board.protocols())}")
        made = [_place(board, cells, selection, metric, drop) for cells in groups]
        return with_columns(_ACROSS[by](made), columns, set())
    for cells in groups:
        if selection == "all":
            clusters = cells[0].setting == "unsupervised"
            names = ["last"] if clusters else board.protocols(cells) or [board.plan.selection]
            of = _metric_of(cells, metric)
            tables += by_selection(
                [Place(board, cells, name, of, drop, fall_back=False, keep_members=True) for name in names]
            )
            continue
        place = _place(board, cells, selection, metric, drop)
        tables.append(by_pair(place) if by == By.pair else summary(place, columns))
    by_row = by == By.strategy and selection != "all"
    # Of strategies, a name that only tables of another setting have, such as `closed`, is no mistake.
    return with_columns(tables, columns, {*COLUMN_NAMES, *board.plan.metrics} if by_row else set())


def places(
    board: Board, metric: str | None = None, selection: str | None = None, filters: Filters | None = None
) -> list[Place]:
    """The places of a board's tables, by default by its own metric and protocol.

    Raises `TlbenchError` where one is not known, and where the filters leave nothing.
    """
    metric, selection = metric_and_protocol(board, metric, selection)
    groups = cells_by_place(chosen_cells(board.cells, filters or {}))
    return [_place(board, cells, selection, metric, drop=False) for cells in groups]


def summary(place: Place, columns: Sequence[str] | None = None, *, tests: bool = True) -> Table:
    """The table of a place with a row for each strategy; `columns` and `tests` as in `by_strategy`."""
    beside = CLUSTERING if place.setting == "unsupervised" else [SECOND_METRIC]
    return by_strategy(place, _metrics(place.board, place.metric, columns, beside), columns, tests=tests)


def metric_and_protocol(board: Board, metric: str | None, selection: str | None) -> tuple[str, str]:
    """The metric and the selection protocol asked for, by default the board's. Raises `TlbenchError` if unknown."""
    clusters = all(cell.setting == "unsupervised" for cell in board.cells)
    metric = metric or (CLUSTERING[0] if clusters else board.plan.primary_metric)
    _known("metric", metric, board.plan.metrics)
    return metric, _protocol(board, selection or board.plan.selection)


def filtered(board: Board, filters: Filters) -> Board:
    """A board of the cells that every filter leaves. Raises `TlbenchError` where one leaves nothing."""
    plan = board.plan.model_copy(update={"cells": chosen_cells(board.cells, filters)})
    return Board(plan, board.records, board.damaged)


def _metric_of(cells: Sequence[PlannedCell], metric: str) -> str:
    """The metric asked for; of clusters, which have no names, one that asks for none."""
    return metric if cells[0].setting != "unsupervised" or metric in CLUSTERING else CLUSTERING[0]


def _place(board: Board, cells: Sequence[PlannedCell], selection: str, metric: str, drop: bool) -> Place:
    # Of clusters the last step alone is scored.
    protocol = "last" if cells[0].setting == "unsupervised" else selection
    return Place(board, cells, protocol, _metric_of(cells, metric), drop)


def _metrics(board: Board, metric: str, columns: Sequence[str] | None, beside: Sequence[str]) -> list[str]:
    """The columns of quality: the metric asked for, those that stand beside it, and what `--columns` names."""
    there = [name for name in (*beside, *(columns or [])) if name in board.plan.metrics]
    return list(dict.fromkeys([metric, *there]))


def with_columns(tables: Sequence[Table], columns: Sequence[str] | None, known: set[str]) -> list[Table]:
    """Tables with the columns asked for; those of strategies are made with them already."""
    if columns is None:
        return list(tables)
    for name in columns:
        _known("column", name, sorted(known or {column.name for table in tables for column in table.columns[1:]}))
    return [table.keep(columns) for table in tables]


def cells_by_place(cells: Sequence[PlannedCell]) -> list[list[PlannedCell]]:
    """Cells that may stand in one table, in the plan's order."""
    groups: dict[tuple[object, ...], list[PlannedCell]] = {}
    for cell in cells:
        groups.setdefault((cell.setting, cell.shots, cell.evaluation, cell.backbone), []).append(cell)
    return list(groups.values())


def chosen_cells(cells: Sequence[PlannedCell], filters: Filters) -> list[PlannedCell]:
    """The cells that every filter leaves; references are left whatever the filter of strategies says."""
    check(filters, cells)
    of_references = {name: globs for name, globs in filters.items() if name != "strategy"}
    chosen = [cell for cell in cells if leaves(of_references if cell.role == "reference" else filters, cell)]
    if not chosen:
        raise TlbenchError("nothing to show: " + ("the filters match, but never together" if cells else "no cells"))
    return chosen


def _protocol(board: Board, name: str) -> str:
    """A protocol that some run of the board is scored by. Raises `TlbenchError` for any other."""
    _known("selection protocol", name, {*PROTOCOLS, *board.protocols(), "all"})
    found = board.protocols()
    if found and name not in (*found, "all"):
        raise TlbenchError(f"no run of {board.plan.suite!r} is scored by {name!r}; recorded: {', '.join(found)}, all")
    return name


def _known(kind: str, name: str, known: Sequence[str] | set[str] | Mapping[str, object]) -> str:
    if name not in known:
        raise TlbenchError(unknown(kind, name, known))
    return name
