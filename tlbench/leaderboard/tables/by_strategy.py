"""Strategies as rows: quality, gaps, ranks and cost, over all pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

from tlbench.evaluation.statistics import RatioEstimate
from tlbench.evaluation.verdicts import VERDICTS
from tlbench.leaderboard.analysis.best_values import best_overall
from tlbench.leaderboard.analysis.sanity import sanity
from tlbench.leaderboard.analysis.significance import significance
from tlbench.leaderboard.analysis.table_group import MIN_PAIRS, TableGroup
from tlbench.leaderboard.analysis.table_values import TRIVIAL, TWIN, WITHOUT_SOURCE
from tlbench.leaderboard.tables import notes, verdict_notes
from tlbench.leaderboard.tables.cells import (
    COLD,
    EMPTY,
    FAILED,
    FLAGGED,
    HELPS,
    HURTS,
    MISSING,
    NO_MATTER,
    NO_STEPS,
    UNKNOWN,
    Cell,
    Column,
    Table,
    compact,
    metric_name,
)
from tlbench.leaderboard.tables.footnotes import Footnotes
from tlbench.leaderboard.tables.recipe_notes import recipes
from tlbench.records.record import Record

FIRST = Column("strategy", "strategy", "left")
_COST = (
    Column("update", "ms per\nupdate", starts_group=True),
    Column("infer", "infer\nex/s"),
    Column("own", "own\ns/run"),
    Column("result", "to result\ns/run"),
)
#: Names of the columns that are no metrics.
COLUMN_NAMES = (
    "base",
    "gap",
    "verdict",
    "verdicts",
    "harm",
    "gain",
    "closed",
    "rank",
    *(column.name for column in _COST),
)


def by_strategy(
    place: TableGroup, metrics: Sequence[str], columns: Sequence[str] | None = None, *, tests: bool = True
) -> Table:
    """One row per variant and reference. `metrics` are the columns of quality, the first the one gaps are made of.

    Of `columns` those are shown, beside the first and in this order, that the setting has; None shows all.
    `tests`: whether those of ranks are made, which take seconds, and their lines and diagram shown.
    """
    return _ByStrategy(place, metrics, columns).table(tests)


class _ByStrategy:
    def __init__(self, place: TableGroup, metrics: Sequence[str], chosen: Sequence[str] | None) -> None:
        self.place = place
        self.footnotes = Footnotes(place)
        self.sanity = sanity(place)
        self.best = {metric: best_overall(place, metric) for metric in metrics}
        self.columns: list[tuple[Column, Callable[[str], Cell]]] = [(FIRST, self._name)]
        for metric in metrics:
            self.columns.append((Column(metric, metric_name(metric)), lambda v, m=metric: self._metric(v, m)))  # type: ignore[misc]
        self.columns += self._gap_columns()
        if place.selection != "target-test" and place.ranks:
            self.columns.append((Column("rank", "rank"), self._rank))
        cells = (self._update, self._infer, self._own, self._result)
        self.columns += list(zip(_COST, cells, strict=True))
        if chosen is not None:
            by_name = {column.name: (column, cell) for column, cell in self.columns[1:]}
            self.columns = [self.columns[0], *(by_name[name] for name in chosen if name in by_name)]

    def _gap_columns(self) -> list[tuple[Column, Callable[[str], Cell]]]:
        decided = self._verdict_columns()
        if self.place.setting == "transductive":
            closed = (Column("closed", "gap closed\n%"), self._closed)
            return [(Column("gap", "adaptation\ngap"), self._gap), *decided, *([closed] if self.place.adapting else [])]
        if self.place.setting == "inductive":
            gain = (Column("gain", "gain"), self._gain)
            return [*self._base_column(), (Column("gap", "NTG"), self._gap), *decided, gain]
        return [*self._base_column(), (Column("gap", "gap to\nalone"), self._gap), *decided]

    def _base_column(self) -> list[tuple[Column, Callable[[str], Cell]]]:
        """What the gap is taken to, where that has no row of its own."""
        return [(Column("base", "without\nsource"), self._base)]

    def _verdict_columns(self) -> list[tuple[Column, Callable[[str], Cell]]]:
        """Of the row, of its cells, and of a pair that is yet to come; none where there are too few seeds."""
        if self.place.few_seeds or not self.place.adapting:
            return []
        columns: list[tuple[Column, Callable[[str], Cell]]] = [
            (Column("verdict", "verdict", "left"), self._verdict),
            (Column("verdicts", f"pairs\n{HELPS}/{HURTS}/{NO_MATTER}/{UNKNOWN}"), self._verdicts),
        ]
        if len(self.place.pairs) >= MIN_PAIRS:
            columns.append((Column("harm", "P(harm)\n%"), self._harm))
        return columns

    def table(self, tested: bool) -> Table:
        rows = [[cell(variant) for _, cell in self.columns] for variant in self.place.rows]
        columns = [column for column, _ in self.columns]
        marks = notes.marks(self.place, columns, (cell.marks for row in rows for cell in row))
        # Where ranks are not shown, nor are their tests.
        tested = tested and any(column.name == "rank" for column in columns)
        tests, diagram = significance(self.place) if tested else ([], "")
        return Table(
            notes.title(self.place),
            columns,
            rows,
            notes.caption(self.place, over_pairs=True),
            [
                *verdict_notes.harm(self.place),
                *verdict_notes.verdict_note(self.place),
                *verdict_notes.row_verdict_note(self.place, columns),
                *verdict_notes.not_adapting(self.place),
                *verdict_notes.failed_rows(self.place, columns),
                *notes.cannot_run(self.place),
                *verdict_notes.unused_source(self.place),
                *notes.references(self.place),
                *notes.same_for_every_seed(self.place, over_pairs=True),
                *notes.about_data(self.place),
                *recipes(self.place),
                *self.sanity.lines,
                *marks,
                *self._cost_note(),
                *tests,
            ],
            self.footnotes.texts,
            diagram,
        )

    def _cost_note(self) -> list[str]:
        """What the columns of cost are."""
        shown = {column.name for column, _ in self.columns}
        lines = []
        if "update" in shown:
            lines.append("ms per update: wall time of one optimiser step, the first ten left out")
        if "result" in shown:
            lines.append("to result: own seconds and those of work that other runs use too, counted in full")
        if self.place.considered and shown & {"own", "result"}:
            lines.append("own s/run of a grid's row is that of all its members: what the choice has cost")
        return lines

    def _name(self, variant: str) -> Cell:
        spots = [cells for (name, _), cells in self.place.by_spot.items() if name == variant]
        flagged = any(notes.flags_of(self.place, cells.values()) for cells in spots)
        return Cell(variant, marks=(FLAGGED,) if flagged else self.sanity.marks(variant))

    def _metric(self, variant: str, metric: str) -> Cell:
        cell = self.place.scale_of(metric).cell(self.place.overall(variant, metric))
        return replace(cell, footnotes=self.footnotes.missing(variant, metric), best=self.best[metric] == variant)

    def _gap(self, variant: str) -> Cell:
        if variant not in self.place.strategies:
            return EMPTY
        if self._never_uses_source(variant):
            return EMPTY
        if variant not in self.place.adapting:
            return self._classifier_difference(variant)
        base = self.place.base_of(variant)
        cell = self.place.scale.cell(self.place.row_gap(variant), signed=True)
        if self._failed(variant):
            cell = _in_parentheses(cell)
        return replace(cell, footnotes=self.footnotes.without_base(variant) if base in (WITHOUT_SOURCE, TWIN) else ())

    def _failed(self, variant: str) -> bool:
        """Whether its mean over pairs is over a failed training too, which says nothing of transfer."""
        return any(name == variant for name, _ in self.place.failed_trainings)

    def _base(self, variant: str) -> Cell:
        """A(∅, T): the number of the same algorithm without the source."""
        if variant not in self.place.strategies or self._never_uses_source(variant):
            return EMPTY
        return self.place.scale.cell(self.place.overall_base(variant))

    def _never_uses_source(self, variant: str) -> bool:
        return not self.place.used_source(variant)

    def _gain(self, variant: str) -> Cell:
        if variant not in self.place.strategies:
            return EMPTY
        return self.place.scale.cell(self.place.row_gain(variant), signed=True)

    def _verdicts(self, variant: str) -> Cell:
        found = Counter(verdict for (name, _), verdict in self.place.verdicts.items() if name == variant)
        if variant in self.place.strategies and self._never_uses_source(variant):
            return Cell(verdict_notes.SOURCE_UNUSED)
        if not found:
            return Cell(MISSING) if variant in self.place.adapting else EMPTY
        failed = f" +{found['training failed']}{FAILED}" if found["training failed"] else ""
        return Cell("/".join(str(found[verdict]) for verdict in VERDICTS[:4]) + failed)

    def _verdict(self, variant: str) -> Cell:
        if variant not in self.place.adapting:
            return EMPTY
        found = self.place.row_decisions.get(variant)
        return Cell(found.verdict if found is not None and self.place.row_gap(variant) is not None else MISSING)

    def _harm(self, variant: str) -> Cell:
        if variant not in self.place.adapting:
            return EMPTY
        found = self.place.harm_probability(variant)
        if found is None:
            return Cell(MISSING)
        mean, low, high = (_whole(100 * part) for part in (found.mean, found.low, found.high))
        return Cell(f"{mean} [{low}, {high}]", found.mean, None, found.low, found.high)

    def _classifier_difference(self, variant: str) -> Cell:
        """In parentheses: it stands beside gaps, and is none."""
        cell = self.place.scale.cell(self.place.overall_gap(variant, self.place.base_of(variant)), signed=True)
        return _in_parentheses(cell)

    def _closed(self, variant: str) -> Cell:
        if variant not in self.place.adapting:
            return EMPTY
        if self._failed(variant):
            return Cell(MISSING)
        share = self.place.share_closed(variant)
        if share is None:
            return Cell(MISSING)
        if share.ratio is None or share.low is None or share.high is None:
            return Cell(MISSING, footnotes=() if self.place.few_seeds else self._no_share(variant, share))
        ratio, low, high = (_whole(100 * part) for part in (share.ratio, share.low, share.high))
        text = f"{ratio} [{low}, {high}]"
        return Cell(text, share.ratio, None, share.low, share.high)

    def _no_share(self, variant: str, share: RatioEstimate) -> tuple[int, ...]:
        numbers = {variant: share.accuracy, "source-only": share.source_only, "oracle": share.oracle}
        scale = self.place.scale
        # The estimate holds 1 − error, which is the metric itself where larger is better.
        shown = {name: 1 - value if scale.lower_is_better else value for name, value in numbers.items()}
        raw = ", ".join(f"{name} {scale.text(value)}" for name, value in shown.items())
        return self.footnotes.add(f"{variant}: no share, because oracle is not shown to be above source-only ({raw})")

    def _rank(self, variant: str) -> Cell:
        rank = self.place.ranks.get(variant)
        if rank is None:
            return Cell(MISSING) if variant in self.place.strategies else EMPTY
        if rank.low is None or rank.high is None:
            return Cell(f"{rank.rank:.2f}", rank.rank)
        return Cell(f"{rank.rank:.2f} [{rank.low:.2f}, {rank.high:.2f}]", rank.rank, None, rank.low, rank.high)

    def _update(self, variant: str) -> Cell:
        if variant == TRIVIAL:
            return EMPTY
        if not all(record.throughput.by_steps for record in self.place.records(variant)):
            return Cell(NO_STEPS)
        return self._cost(variant, lambda record: record.milliseconds_per_update, "{:,.1f}".format)

    def _infer(self, variant: str) -> Cell:
        cold = any(not record.trained_itself for record in self.place.records(variant))
        marks = (COLD,) if cold else ()
        return self._cost(variant, lambda record: record.throughput.inference_examples_per_second, compact, marks)

    def _own(self, variant: str) -> Cell:
        return _mean_of(self.place.own_seconds(variant), "{:,.1f}".format)

    def _result(self, variant: str) -> Cell:
        """Own seconds, a whole search's where a row stands for a choice, and those of what other runs use too."""
        shared = [record.seconds.shared.total for record in self.place.records(variant)]
        own = self.place.own_seconds(variant)
        return Cell(MISSING) if not own or not shared else _mean_of([fmean(own) + fmean(shared)], "{:,.1f}".format)

    def _cost(
        self,
        variant: str,
        of: Callable[[Record], float | None],
        form: Callable[[float], str],
        marks: tuple[str, ...] = (),
    ) -> Cell:
        values = [value for record in self.place.records(variant) if (value := of(record)) is not None]
        return _mean_of(values, form, marks)


def _mean_of(values: Sequence[float], form: Callable[[float], str], marks: tuple[str, ...] = ()) -> Cell:
    if not values:
        return Cell(MISSING)
    mean = fmean(values)
    return Cell(form(mean), mean, marks=marks)


def _in_parentheses(cell: Cell) -> Cell:
    """A difference beside gaps that is none."""
    return cell if cell.value is None else replace(cell, text=f"({cell.text})")


def _whole(value: float) -> str:
    """A number without decimals; a rounded −0 is 0."""
    return f"{value if math.isinf(value) else round(value) + 0.0:.0f}".replace("-", "−").replace("inf", "∞")
