"""The leaderboard of validators: for each kind of choice a table with a row for every selection protocol."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tlbench.evaluation.choice_quality import ChoiceQuality, MeanEstimate, mean_over_cells
from tlbench.evaluation.selection import PROTOCOLS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.row_selection import TIE_BREAKERS, TIES_BROKEN_FROM
from tlbench.leaderboard.leaderboard import chosen_cells
from tlbench.leaderboard.tables.cells import DISHONEST, EMPTY, MISSING, Cell, Column, Scale, Table, count
from tlbench.leaderboard.validators.choices import ENSEMBLE, KINDS, TEST, Choice, Kind, Votes, choices
from tlbench.suites.filters import Filters

COLUMNS = (
    Column("validator", "validator", "left"),
    Column("choices", "choices"),
    Column("won", "won of\npossible"),
    Column("gain", "gain over\nrandom"),
    Column("regret", "regret to\nthe best"),
    Column("correlation", "rank\ncorrelation"),
    Column("ties", "ties"),
)
#: The row of what a choice by chance has on average.
RANDOM = "by chance"
_SCALE = Scale()
#: With fewer cells a note says how few.
_FEW_CELLS = 10
#: So many variants are named at most with their ties.
_MOST_NAMED = 4


@dataclass
class Judged:
    """What a protocol did: of each cell the qualities of its choices, one for each seed."""

    protocol: str
    by_cell: dict[tuple[object, ...], list[ChoiceQuality]] = field(default_factory=dict)

    @property
    def all(self) -> list[ChoiceQuality]:
        """Every choice."""
        return [quality for own in self.by_cell.values() for quality in own]

    def mean(self, name: str) -> MeanEstimate:
        """The mean over cells of means over seeds of one of the numbers."""
        return mean_over_cells(self._means(name))

    def _means(self, name: str) -> list[float]:
        return [statistics.fmean(getattr(quality, name) for quality in own) for own in self.by_cell.values()]

    @property
    def correlation(self) -> MeanEstimate | None:
        """The mean rank correlation over cells, of the choices that have one."""
        found = [[q.correlation for q in own if q.correlation is not None] for own in self.by_cell.values()]
        means = [statistics.fmean(own) for own in found if own]
        return mean_over_cells(means) if means else None

    @cached_property
    def won(self) -> float | None:
        """The share of what a perfect choice would gain over a random one; None where there is nothing to gain."""
        gain, possible = (statistics.fmean(self._means(name)) for name in ("gain", "possible"))
        return gain / possible if possible > 0 else None

    @property
    def ties(self) -> int:
        """How often more than one candidate was rated best."""
        return sum(quality.tied for quality in self.all)


def board(
    result_sets: Mapping[str, ResultSet],
    votes: Mapping[str, Votes] | None = None,
    filters: Filters | None = None,
) -> list[Table]:
    """Tables over all result sets, given by their names: one for each kind of choice that there is.

    `votes` are by the same names predicted classes of target test items at the last step by run key, from which `ensv`
    is computed among runs. A choice that two suites share is counted once. Raises `TlbenchError` where the filters
    leave nothing.
    """
    found: dict[tuple[object, ...], tuple[str, Choice]] = {}
    for name, result_set in result_sets.items():
        cells = chosen_cells(result_set.cells, filters or {})
        for choice in choices(result_set, cells, (votes or {}).get(name)):
            found.setdefault(choice.key, (name, choice))
    title = next(iter(result_sets)) if len(result_sets) == 1 else count(len(result_sets), "suite")
    made = ((kind, [(name, c) for name, c in found.values() if c.kind == kind]) for kind in KINDS)
    return [_table(title, kind, of_kind) for kind, of_kind in made if of_kind]


def judged(of_kind: Iterable[tuple[str, Choice]]) -> list[Judged]:
    """What every protocol did in choices, each with the name of its suite; chance first, then as in `PROTOCOLS`."""
    found = {protocol: Judged(protocol) for protocol in (RANDOM, *PROTOCOLS)}
    for name, choice in of_kind:
        for protocol, row in found.items():
            quality = choice.random if protocol == RANDOM else choice.quality(protocol)
            if quality is not None:
                row.by_cell.setdefault((name, *choice.cell), []).append(quality)
    return [row for row in found.values() if row.by_cell]


def _table(title: str, kind: Kind, of_kind: Sequence[tuple[str, Choice]]) -> Table:
    rows = sorted(judged(of_kind), key=lambda row: (row.protocol == TEST, -(row.won or 0.0)))
    cells = {(name, *choice.cell) for name, choice in of_kind}
    caption = (
        f"{count(len(of_kind), 'choice')} in {count(len(cells), 'cell')}, by accuracy on the target test split, in "
        "points: means over cells of means over seeds, with a 95 % interval over cells."
    )
    table = Table(f"{title} · validators · choosing {KINDS[kind]}", list(COLUMNS), [_row(row) for row in rows], caption)
    table.notes = _notes(kind, rows, of_kind, len(cells))
    return table


def _row(row: Judged) -> list[Cell]:
    won = row.won
    if row.protocol == RANDOM:
        return [
            Cell(RANDOM),
            Cell(f"{len(row.all):,}", len(row.all)),
            Cell("0 %", 0.0),
            Cell("0.0", 0.0),
            _estimate(row.mean("regret")),
            EMPTY,
            EMPTY,
        ]
    return [
        Cell(row.protocol, marks=(DISHONEST,) if row.protocol == TEST else ()),
        Cell(f"{len(row.all):,}", len(row.all)),
        Cell(MISSING) if won is None else Cell(f"{100 * won:.0f} %".replace("-", "−"), won),
        _estimate(row.mean("gain"), signed=True),
        _estimate(row.mean("regret")),
        _correlation(row.correlation),
        Cell(f"{100 * row.ties / len(row.all):.0f} %", row.ties / len(row.all)),
    ]


def _estimate(found: MeanEstimate, *, signed: bool = False) -> Cell:
    text = _SCALE.text(found.mean, signed=signed)
    if found.low is not None and found.high is not None:
        ends = (_SCALE.text(end, signed=signed) for end in (found.low, found.high))
        text += f" [{', '.join(ends)}]"
    return Cell(text, found.mean, None, found.low, found.high)


def _correlation(found: MeanEstimate | None) -> Cell:
    if found is None:
        return Cell(MISSING)
    return Cell(f"{found.mean:.2f}".replace("-", "−"), found.mean, None, found.low, found.high)


def _notes(kind: Kind, rows: Sequence[Judged], of_kind: Sequence[tuple[str, Choice]], cells: int) -> list[str]:
    lines = [
        "regret: test accuracy of the best candidate minus that of the chosen one; gain: that of the chosen one minus "
        "the mean of all candidates, which a choice by chance has on average; won: the mean gain in per cent of the "
        "gain of the best",
        "rank correlation: Spearman's, of what the validator says and test accuracy, over the candidates of a choice; "
        "choices in which either says the same of all have none",
        "rows are ordered by what they won; of rows with another number of choices compare that, for these are judged "
        "on other runs, whose regret may be larger or smaller",
    ]
    if kind == "strategy":
        lines.append(
            "candidates: the strategies of a pair, members of grids among them, and source-only where it was run"
        )
    lines += _ties(kind, rows, of_kind)
    if kind != "checkpoint" and any(row.protocol == ENSEMBLE for row in rows):
        lines.append(
            f"{ENSEMBLE}: agreement with the vote of all candidates at their last steps, from their predicted classes "
            "of the target test items, of which no label is read"
        )
    lines += _not_judged({row.protocol for row in rows}, of_kind)
    if any(row.protocol == "target-val" for row in rows):
        lines.append("target-val reads labels of target validation data, which count as labels used")
    if cells < _FEW_CELLS:
        lines.append(f"{count(cells, 'cell')} alone, so that the interval over cells says little")
    lines.append("cells that share a domain are not independent: the intervals are too narrow rather than too wide")
    if any(row.protocol == TEST for row in rows):
        lines.append(f"{DISHONEST} chosen by the target test score: shown for comparison, never ranked")
    return lines


def _not_judged(shown: set[str], of_kind: Sequence[tuple[str, Choice]]) -> list[str]:
    """Which protocols have no row, and why."""
    recorded = {name for _, choice in of_kind for record in choice.records for name in record.selection}
    absent = [name for name in PROTOCOLS if name not in shown]
    missing = [name for name in absent if name not in recorded]
    idle = [name for name in absent if name in recorded]
    lines = [f"not recorded in these runs: {', '.join(missing)}"] if missing else []
    if idle:
        lines.append(f"with nothing to choose here, for they do not rate several of the candidates: {', '.join(idle)}")
    return lines


def _ties(kind: Kind, rows: Sequence[Judged], of_kind: Sequence[tuple[str, Choice]]) -> list[str]:
    """How ties were decided; those of the protocol that ties most often in numbers."""
    most = max((row for row in rows if row.protocol != TEST), key=lambda row: row.ties)
    if not most.ties:
        return []
    rule = "the last step stands" if kind == "checkpoint" else "the first run in the suite's order stands"
    late = any(record.spec.protocol >= TIES_BROKEN_FROM for _, choice in of_kind for record in choice.records)
    if late and kind != "checkpoint":
        rule = f"that which {TIE_BREAKERS[0]}, then {TIE_BREAKERS[1]}, rates best stands"
    shares: dict[object, list[bool]] = {}
    for cell, own in most.by_cell.items():
        shares.setdefault(cell[-1], []).extend(quality.tied for quality in own)
    tied = {name: own for name, own in shares.items() if any(own)}
    where = ", ".join(f"{sum(own)} of {len(own)} of {name}" for name, own in tied.items())
    if len(shares) == 1 or len(tied) > _MOST_NAMED:
        where = f"{most.ties} of {count(len(most.all), 'choice')}"
    return [f"ties: more than one candidate is rated best, and {rule}; most often by {most.protocol}: {where}"]
