"""From a result set to its tables. What may not be ranked together stands in different tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from tlbench.core.run_spec import CLUSTERING
from tlbench.errors import TlbenchError, unknown
from tlbench.evaluation.selection import PROTOCOLS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables.by_pair import by_pair
from tlbench.leaderboard.tables.by_selection import by_selection
from tlbench.leaderboard.tables.by_shots import by_shots
from tlbench.leaderboard.tables.by_source import by_source
from tlbench.leaderboard.tables.by_strategy import COLUMN_NAMES, by_strategy
from tlbench.leaderboard.tables.cells import Cell, Column, Table
from tlbench.records.planned_cell import PlannedCell
from tlbench.suites.filters import Filters, check, leaves
from tlbench.suites.table_layouts import TableLayout

__all__ = ["Cell", "Column", "Filters", "Table", "leaderboard"]

SECOND_METRIC = "macro_f1"
#: Shapes that set several parts of a result set side by side, or make several tables of one.
_ACROSS: Mapping[str, Callable[[Sequence[TableGroup]], list[Table]]] = MappingProxyType(
    {TableLayout.shots: by_shots, TableLayout.source: by_source}
)


def leaderboard(
    result_set: ResultSet,
    metric: str | None = None,
    by: str = TableLayout.strategy,
    selection: str | None = None,
    columns: Sequence[str] | None = None,
    missing: Literal["show", "drop"] = "show",
    filters: Filters | None = None,
) -> list[Table]:
    """The tables of a result set: one per setting, label budget, evaluation and backbone.

    `by="shots"` sets the label budgets of `inductive` side by side, `by="source"` has sources as rows and targets as
    columns, in a table for each strategy; neither goes with `selection="all"`.
    `metric`: of which gaps, verdicts and ranks are made; the result set's primary metric by default. `selection`: a
    protocol, by default the suite's; `all` shows those that are recorded side by side. `columns`: which columns beside
    the first, in this order: metrics and `COLUMN_NAMES`, or with `by="pair"` pairs, with `by="shots"` budgets and their
    gaps (`5`, `gap:5`), with `by="source"` targets, with `selection="all"` protocols.
    `missing="drop"` takes means over what is there, and the caption counts what was left out.
    Raises `TlbenchError` for a name that is not known, where the filters leave nothing, and where there is nothing
    to set side by side.
    """
    metric, selection = metric_and_protocol(result_set, metric, selection)
    _known("--by", by, [*TableLayout])
    _known("--missing", missing, ["show", "drop"])
    tables = []
    drop = missing == "drop"
    if filters:
        result_set = filtered(result_set, filters)
    groups = cells_by_place(result_set.cells)
    if by in _ACROSS:
        if selection == "all":
            raise TlbenchError(
                f"--by {by} takes one --selection, not all; recorded: {', '.join(result_set.protocols())}"
            )
        made = [_place(result_set, cells, selection, metric, drop) for cells in groups]
        return with_columns(_ACROSS[by](made), columns, set())
    for cells in groups:
        if selection == "all":
            clusters = cells[0].setting == "unsupervised"
            names = ["last"] if clusters else result_set.protocols(cells) or [result_set.plan.selection]
            of = _metric_of(cells, metric)
            tables += by_selection(
                [TableGroup(result_set, cells, name, of, drop, fall_back=False, keep_members=True) for name in names]
            )
            continue
        place = _place(result_set, cells, selection, metric, drop)
        tables.append(by_pair(place) if by == TableLayout.pair else summary(place, columns))
    by_row = by == TableLayout.strategy and selection != "all"
    # Of strategies, a name that only tables of another setting have, such as `closed`, is no mistake.
    return with_columns(tables, columns, {*COLUMN_NAMES, *result_set.plan.metrics} if by_row else set())


def places(
    result_set: ResultSet, metric: str | None = None, selection: str | None = None, filters: Filters | None = None
) -> list[TableGroup]:
    """The places of a result set's tables, by default by its own metric and protocol.

    Raises `TlbenchError` where one is not known, and where the filters leave nothing.
    """
    metric, selection = metric_and_protocol(result_set, metric, selection)
    if filters:
        result_set = filtered(result_set, filters)
    groups = cells_by_place(result_set.cells)
    return [_place(result_set, cells, selection, metric, drop=False) for cells in groups]


def summary(place: TableGroup, columns: Sequence[str] | None = None, *, tests: bool = True) -> Table:
    """The table of a place with a row for each strategy; `columns` and `tests` as in `by_strategy`."""
    beside = CLUSTERING if place.setting == "unsupervised" else [SECOND_METRIC]
    return by_strategy(place, _metrics(place.result_set, place.metric, columns, beside), columns, tests=tests)


def metric_and_protocol(result_set: ResultSet, metric: str | None, selection: str | None) -> tuple[str, str]:
    """The metric and the selection protocol asked for, by default its own. Raises `TlbenchError` if unknown."""
    clusters = all(cell.setting == "unsupervised" for cell in result_set.cells)
    metric = metric or (CLUSTERING[0] if clusters else result_set.plan.primary_metric)
    _known("metric", metric, result_set.plan.metrics)
    return metric, _protocol(result_set, selection or result_set.plan.selection)


def filtered(result_set: ResultSet, filters: Filters) -> ResultSet:
    """A result set of the cells that every filter leaves. Raises `TlbenchError` where one leaves nothing."""
    plan = result_set.plan.model_copy(update={"cells": chosen_cells(result_set.cells, filters)})
    return replace(result_set, plan=plan, planned=result_set.planned or result_set.cells)


def _metric_of(cells: Sequence[PlannedCell], metric: str) -> str:
    """The metric asked for; of clusters, which have no names, one that asks for none."""
    return metric if cells[0].setting != "unsupervised" or metric in CLUSTERING else CLUSTERING[0]


def _place(result_set: ResultSet, cells: Sequence[PlannedCell], selection: str, metric: str, drop: bool) -> TableGroup:
    # Of clusters the last step alone is scored.
    protocol = "last" if cells[0].setting == "unsupervised" else selection
    return TableGroup(result_set, cells, protocol, _metric_of(cells, metric), drop)


def _metrics(result_set: ResultSet, metric: str, columns: Sequence[str] | None, beside: Sequence[str]) -> list[str]:
    """The columns of quality: the metric asked for, those that stand beside it, and what `--columns` names."""
    there = [name for name in (*beside, *(columns or [])) if name in result_set.plan.metrics]
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
        groups.setdefault(cell.table_key, []).append(cell)
    return list(groups.values())


def chosen_cells(cells: Sequence[PlannedCell], filters: Filters) -> list[PlannedCell]:
    """The cells that every filter leaves; references are left whatever the filter of strategies says."""
    check(filters, cells)
    of_references = {name: globs for name, globs in filters.items() if name != "strategy"}
    chosen = [cell for cell in cells if leaves(of_references if cell.role == "reference" else filters, cell)]
    if not chosen:
        raise TlbenchError("nothing to show: " + ("the filters match, but never together" if cells else "no cells"))
    return chosen


def _protocol(result_set: ResultSet, name: str) -> str:
    """A protocol that some run of the result set is scored by. Raises `TlbenchError` for any other."""
    _known("selection protocol", name, {*PROTOCOLS, *result_set.protocols(), "all"})
    found = result_set.protocols()
    if found and name not in (*found, "all"):
        raise TlbenchError(
            f"no run of {result_set.plan.suite!r} is scored by {name!r}; recorded: {', '.join(found)}, all"
        )
    return name


def _known(kind: str, name: str, known: Sequence[str] | set[str] | Mapping[str, object]) -> str:
    if name not in known:
        raise TlbenchError(unknown(kind, name, known))
    return name
