"""All that the page of a suite shows, as plain data: every number is made here, none in the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tlbench.core.local_paths import shown_name
from tlbench.figures.frontier import frontier
from tlbench.figures.ranks import ranks
from tlbench.figures.shots import shots
from tlbench.leaderboard.analysis.budget_curves import budget_curves
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.claims.by_figure import by_figure
from tlbench.leaderboard.claims.sections import sections as published_sections
from tlbench.leaderboard.claims.sections import tally
from tlbench.leaderboard.leaderboard import places, summary
from tlbench.leaderboard.tables import notes, verdict_notes
from tlbench.leaderboard.tables.cells import VERDICT_MARKS, Cell, Table, metric_name
from tlbench.publishing.path_redaction import shortened
from tlbench.publishing.web.run_data import Runs
from tlbench.records.planned_cell import PlannedCell

#: Means and gaps are sent as whole numbers of this size, so that they are short.
UNIT = 1e-4


def content(result_set: ResultSet) -> dict[str, Any]:
    """The data of a suite's page. Raises `TlbenchError` as its tables do.

    `tables` has an entry for each table of the suite, which may not be ranked together: its name, its pairs and seeds,
    and by `selection protocol|metric` a view. `budgets`, by the same names, are learning curves by target, where there
    are several targets. Long or frequent texts stand in `common` and are named by their number.
    """
    runs = Runs(result_set)
    protocols = result_set.protocols() or [result_set.plan.selection]
    asked = [f"{protocol}|{metric}" for protocol in protocols for metric in result_set.plan.metrics]
    made = [places(result_set, metric, protocol) for protocol in protocols for metric in result_set.plan.metrics]
    tables = [_table(dict(zip(asked, of_one, strict=True)), runs) for of_one in zip(*made, strict=True)]
    budgets = {name: found for name, of in zip(asked, made, strict=True) if (found := _budgets(of))}
    return {
        "suite": result_set.plan.suite,
        "dataset": shown_name(result_set.plan.dataset),
        "summary": result_set.plan.summary,
        "metrics": {name: metric_name(name) for name in result_set.plan.metrics},
        "metric": result_set.plan.primary_metric,
        "selection": result_set.plan.selection,
        "protocols": protocols,
        "unit": UNIT,
        "tables": tables,
        "claims": _claims(result_set),
        "runs": runs.all(),
        "common": runs.common.values,
    } | ({"budgets": budgets} if budgets else {})


def _budgets(made: Sequence[TableGroup]) -> list[dict[str, Any]]:
    """Learning curves to several targets, each with the numbers of its tables; that over all pairs is in the tables."""
    curves = [curve for curve in budget_curves(made) if len(curve.targets) > 1]
    return [{"tables": [made.index(place) for place in curve.places.values()]} | shots(curve) for curve in curves]


def _table(same: Mapping[str, TableGroup], runs: Runs) -> dict[str, Any]:
    """One table under every protocol and metric that can be asked for, by what is asked."""
    first = next(iter(same.values()))
    cell = first.cells[0]
    names = ("setting", "shots", "evaluation", "backbone")
    identity = {name: getattr(cell, name) for name in names}
    identity["backbone"] = first.result_set.shown_backbone(cell.backbone)
    return identity | {
        "name": notes.place_name(first),
        "pairs": first.pairs,
        "seeds": first.seeds,
        "gap": verdict_notes.GAP_NAMES[first.setting],
        "views": {asked: _view(place, runs) for asked, place in same.items()},
    }


def _view(place: TableGroup, runs: Runs) -> dict[str, Any]:
    """A table under one protocol and metric: rows, cells, ranks and cost. Ranks are tested under the suite's own.

    `selection` and `metric` are those of its numbers: clusters are scored at the last step and by metrics of their own,
    whatever is asked for.
    """
    plan = place.result_set.plan
    own = (place.selection, place.metric) == (plan.selection, plan.primary_metric)
    shown, text = summary(place, tests=own), runs.common
    return {
        "selection": place.selection,
        "metric": place.metric,
        "title": text(shown.title),
        "caption": text(shown.caption),
        "columns": text([[column.name, column.title] for column in shown.columns]),
        "rows": [[_cell(cell) for cell in row] for row in shown.rows],
        "notes": [text(line) for line in (*shown.notes, *([shown.bold] if shown.bold else []))],
        "footnotes": [text(shortened(line)) for line in shown.footnotes],
        "percent": place.scale.percent,
        "lower": place.scale.lower_is_better,
        "means": _means(place),
        "gaps": _gaps(place),
        "behind": text(_behind(place, runs)),
        "ranks": ranks(place),
        "cost": frontier(place)["points"],
    }


def _cell(cell: Cell) -> Any:
    """A text alone, or `[text, value, marks, footnotes, is best]`."""
    if cell.value is None and not cell.marks and not cell.footnotes:
        return cell.text
    value = None if cell.value is None else float(f"{cell.value:.6g}")
    return [cell.text, value, "".join(cell.marks), list(cell.footnotes), int(cell.best)]


def _means(place: TableGroup) -> dict[str, list[Any]]:
    """By variant for each pair `[mean, half-width]`, None where there is no mean."""
    found = {}
    for variant in place.variants:
        means = [place.at(variant, pair) for pair in place.pairs]
        found[variant] = [None if one is None else [_whole(one.mean), _whole(one.half_width)] for one in means]
    return found


def _gaps(place: TableGroup) -> dict[str, list[Any]]:
    """By variant for each pair `[gap, half-width, mark of the verdict]`, None where there is no gap."""
    found: dict[str, list[Any]] = {}
    for variant in dict.fromkeys(name for name, _ in place.gaps):
        gaps = [(place.gaps.get((variant, pair)), place.verdicts.get((variant, pair))) for pair in place.pairs]
        found[variant] = [
            None
            if gap is None or verdict is None
            else [_whole(gap.mean), _whole(gap.half_width), VERDICT_MARKS[verdict]]
            for gap, verdict in gaps
        ]
    return found


def _behind(place: TableGroup, runs: Runs) -> dict[str, list[list[int]]]:
    """By variant for each pair the runs behind its mean, in the order of seeds."""

    def of(cells: dict[int, PlannedCell]) -> list[int]:
        return [runs.keys[cell.run_key] for _, cell in sorted(cells.items()) if cell.run_key in runs.keys]

    return {v: [of(place.by_spot.get((v, pair), {})) for pair in place.pairs] for v in place.variants}


def _claims(result_set: ResultSet) -> dict[str, Any] | None:
    """How many published figures have which verdict, and the tables that say so; None where there are no figures."""
    if not result_set.plan.claims:
        return None
    counted = tally(finding for section in published_sections(result_set) for finding in section.claim_verdicts)
    return {"counts": counted, "tables": [plain_table(table) for table in by_figure(result_set)]}


def plain_table(table: Table) -> dict[str, Any]:
    """A table as texts, which is written into the page as it is."""
    return {
        "title": table.title,
        "caption": table.caption,
        "columns": [column.title for column in table.columns],
        "rows": [[" ".join(filter(None, [cell.text, "".join(cell.marks)])) for cell in row] for row in table.rows],
        "notes": [*table.notes, *table.footnotes],
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value / UNIT)
