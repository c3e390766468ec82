"""A figure of one table of a suite, or of its label budgets: its data, and a file with the drawing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tlbench.errors import TlbenchError, unknown
from tlbench.figures.curves import curves
from tlbench.figures.frontier import frontier
from tlbench.figures.heatmap import heatmap
from tlbench.figures.ranks import ranks
from tlbench.figures.shots import shots
from tlbench.leaderboard.analysis.budget_curves import BudgetCurve, budget_curves
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables import notes
from tlbench.suites.filters import Filters

T = TypeVar("T")
#: What the data of each kind are made by.
KINDS: Mapping[str, Callable[[TableGroup], dict[str, Any]]] = MappingProxyType(
    {"heatmap": heatmap, "frontier": frontier, "cd": ranks, "curves": curves}
)
#: Of tables that differ in their label budget alone.
SHOTS = "shots"
STORED = (*KINDS, SHOTS)
#: All kinds; the last is of runs that are made again, and not of a table.
NAMES = (*STORED, "embedding")
#: Formats of drawings, all of them vectors but the last.
FORMATS = ("pdf", "svg", "eps", "png")
DPI = 300


@dataclass(frozen=True)
class Shown:
    """What a figure shows, and its title."""

    data: dict[str, Any]
    title: str


def figure_of(
    kind: str, result_set: ResultSet, metric: str | None, selection: str | None, filters: Filters, option: str
) -> Shown:
    """A figure of the one table that filters leave; `shots` of the tables that differ in their label budget alone.

    `option` is how a caller writes one, as `--{}`. Raises `TlbenchError` for a kind that there is not, one that lists
    the tables where several are left, where nothing is there to draw, and as `places` does.
    """
    from tlbench.leaderboard.leaderboard import places

    if kind not in STORED:
        raise TlbenchError(unknown("figure", kind, NAMES))
    if selection == "all":
        raise TlbenchError(
            f"a figure takes one {option.format('selection')}, not all; recorded: {', '.join(result_set.protocols())}"
        )
    found = places(result_set, metric, selection, {name: globs for name, globs in filters.items() if globs})
    if kind == SHOTS:
        return shots_figure(found, option)
    place = _only(found, "one table", ("setting", "shots", "backbone"), option, notes.place_name)
    return Shown(figure_data(kind, place), notes.title(place))


def shots_figure(places: Sequence[TableGroup], option: str) -> Shown:
    """The figure of the one learning curve among tables. Raises `TlbenchError` as `figure_of` does."""
    curves = budget_curves(places)
    if not curves:
        has = "; ".join(map(notes.place_name, places))
        raise TlbenchError(
            "the figure shots sets label budgets of one backbone side by side, and there are no two of them here, but "
            f'{has}. Give an inductive part of the suite several, as in shots = [5, 20, "all"], and run it'
        )
    curve = _only(curves, "tables of one backbone", ("setting", "backbone"), option, curve_name)
    data = shots(curve)
    title = notes.title(curve.first, budget=", by label budget")
    if reason := missing(SHOTS, data):
        raise TlbenchError(f"no {SHOTS} of {title}: {reason}")
    return Shown(data, title)


def curve_name(curve: BudgetCurve) -> str:
    """A curve among others of its suite: `inductive, by label budget · small-cnn · held-out`."""
    first = curve.first.cells[0]
    return f"{first.setting}, by label budget · {first.backbone} · {first.evaluation}"


def _only(found: Sequence[T], what: str, ways: Sequence[str], option: str, name: Callable[[T], str]) -> T:
    """The one that is left. Raises `TlbenchError` that lists them where there are several."""
    if len(found) > 1:
        listing = "\n".join(f"  {name(one)}" for one in found)
        choose = ", ".join(map(option.format, ways))
        raise TlbenchError(f"a figure is of {what}, and {len(found)} are left; choose one with {choose}:\n{listing}")
    return found[0]


def figure_data(kind: str, place: TableGroup) -> dict[str, Any]:
    """What a figure of a table shows. Raises `TlbenchError` for a kind that there is not, and where nothing is there.

    `missing(kind, data)` of the data is empty then.
    """
    if kind not in KINDS:
        raise TlbenchError(unknown("figure", kind, NAMES))
    data = KINDS[kind](place)
    if reason := missing(kind, data):
        raise TlbenchError(f"no {kind} of {notes.title(place)}: {reason}")
    return data


def missing(kind: str, data: Mapping[str, Any]) -> str:
    """Why there is nothing to draw; empty where there is."""
    if kind == "heatmap" and not any(cell["gap"] is not None for panel in data["panels"] for cell in panel["cells"]):
        return "no strategy has a gap on any pair (too few runs are there, or nothing to compare with)"
    if kind == "frontier" and not data["points"]:
        return "no strategy has runs on all pairs"
    if kind == "cd" and data["p_values"] is None:
        return (
            f"the diagram needs ten pairs and two strategies with runs on all of them; there are {data['pairs']} pairs "
            f"and {len(data['ranks'])} such strategies"
        )
    if kind == SHOTS and not data["panels"]:
        return "no row has all its runs at any label budget"
    if kind == "curves" and not data["panels"]:
        return "no run recorded a curve"
    return ""


def drawn(kind: str, data: Mapping[str, Any], title: str, form: str) -> bytes:
    """The file of a drawing: one of `FORMATS`. Drawn twice by the same matplotlib, it is the same bytes."""
    from tlbench.figures.drawing import DRAWINGS
    from tlbench.figures.style import styled

    buffer = io.BytesIO()
    with styled():
        figure = DRAWINGS[kind](data, title)
        no_date = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(form)
        figure.savefig(buffer, format=form, dpi=DPI, metadata=no_date)
    return buffer.getvalue()


def write_figure(path: Path, kind: str, data: Mapping[str, Any], title: str) -> None:
    """Draw what a figure shows into a file, whose name says the format. Raises `TlbenchError` as `format_of` does."""
    from tlbench.files import write_whole

    content = drawn(kind, data, title, format_of(path))
    write_whole(path, lambda to: to.write_bytes(content))


def format_of(path: Path) -> str:
    """The format that a file's name says. Raises `TlbenchError` for one that is not drawn."""
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise TlbenchError(f"{path}: a figure is written as {', '.join('.' + name for name in FORMATS)}")
    return form


def data_hash(data: Mapping[str, Any]) -> str:
    """SHA-256 of what a figure shows."""
    from tlbench.records.json_lines import compact

    return hashlib.sha256(compact(data).encode()).hexdigest()
