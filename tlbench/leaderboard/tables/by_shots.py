"""Label budgets as columns: a learning curve, and up to how many target labels the source helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from tlbench.core.run_spec import Shots
from tlbench.errors import TlbenchError
from tlbench.evaluation.statistics import PairedTest
from tlbench.evaluation.verdicts import Decision, Verdict, strategy_decisions
from tlbench.leaderboard.analysis.budget_curves import BudgetCurve, alike
from tlbench.leaderboard.analysis.gap_tests import gap_over_pairs
from tlbench.leaderboard.analysis.sanity import sanity
from tlbench.leaderboard.analysis.table_group import TableGroup, with_interval
from tlbench.leaderboard.tables import label_budgets, notes, verdict_notes
from tlbench.leaderboard.tables.by_strategy import FIRST
from tlbench.leaderboard.tables.cells import (
    EMPTY,
    FLAGGED,
    MISSING,
    VERDICT_MARKS,
    Cell,
    Column,
    Table,
    count,
    metric_name,
)
from tlbench.leaderboard.tables.footnotes import Footnotes

#: Of a budget without a gap: none of its runs was asked for, none was run, some are missing, or there is none to take.
NOT_ASKED, NOT_RUN, NOT_WHOLE, NO_GAP = "not asked for", "not run", "runs are missing", "no gap"
_OTHER_TEST = "tests every pair by itself, and corrects within each budget"


def by_shots(places: Sequence[TableGroup]) -> list[Table]:
    """One table for each backbone and evaluation of `inductive` that has several label budgets.

    `places`: all of a result set under one protocol, at least one. Raises `TlbenchError` where there is no such table.
    """
    groups = alike(places)
    curves = [group for group in groups if len(group) > 1]
    if not curves:
        raise TlbenchError(_no_curve(places))
    tables = [_Curve(group).table() for group in curves]
    left_out = [notes.place_name(group[0]) for group in groups if len(group) == 1]
    if left_out:
        tables[-1].notes.append(f"not shown, for want of a second label budget: {'; '.join(left_out)}")
    return tables


def _no_curve(places: Sequence[TableGroup]) -> str:
    suite = places[0].result_set.plan.suite
    return (
        f"--by shots sets label budgets of one backbone side by side, and {suite!r} has no two of them: it has "
        f"{'; '.join(notes.place_name(place) for place in places)}. Give an inductive part of the suite several, as in "
        f'shots = [5, 20, "all"], and run it, or type `tlbench leaderboard {suite} --by strategy`'
    )


class _Curve(BudgetCurve):
    """The table of a curve."""

    def __init__(self, places: Sequence[TableGroup]) -> None:
        super().__init__(places)
        for place in places:
            place.also_on(self.pairs)
        self.doubts = {shots: sanity(place) for shots, place in self.places.items()}
        self.texts: list[str] = []
        self.footnotes = {shots: Footnotes(place, self.texts) for shots, place in self.places.items()}
        self.scale = self.first.scale

    def table(self) -> Table:
        columns = list(self._columns())
        rows = [[Cell(variant), *(cell(variant) for _, cell in columns)] for variant in self.variants]
        heads = [FIRST, *(column for column, _ in columns)]
        title = notes.title(self.first, budget=", by label budget")
        text = f"{notes.measured(self.first, over_pairs=True)} {label_budgets.meaning(self.places)}."
        lines = [*self._sentences(), *self._hidden(), *self._verdict_note(), *self._below(heads, rows)]
        return Table(title, heads, rows, text, lines, self.texts)

    def _columns(self) -> Iterator[tuple[Column, Callable[[str], Cell]]]:
        metric = metric_name(self.first.metric)
        if self.constant:
            yield Column("any", f"{metric},\nany budget"), self._constant
        for shots in self.places:
            head = f"{metric},\n{label_budgets.short(shots)}"
            yield Column(label_budgets.name(shots), head), lambda v, s=shots: self._level(v, s)  # type: ignore[misc]
        for index, shots in enumerate(self.places):
            column = Column(
                f"gap:{label_budgets.name(shots)}", f"NTG,\n{label_budgets.short(shots)}", starts_group=not index
            )
            yield column, lambda v, s=shots: self._gap(v, s)  # type: ignore[misc]

    def _constant(self, variant: str) -> Cell:
        return self._number(variant, self.constant[variant]) if variant in self.constant else EMPTY

    def _level(self, variant: str, shots: Shots) -> Cell:
        return EMPTY if variant in self.constant else self._number(variant, shots)

    def _number(self, variant: str, shots: Shots) -> Cell:
        place = self.places[shots]
        runs = [cell for pair in place.planned_pairs(variant) for cell in place.by_spot[variant, pair].values()]
        marks = (FLAGGED,) if notes.flags_of(place, runs) else self.doubts[shots].marks(variant)
        cell = self.scale.cell(place.overall(variant), marks=marks)
        return replace(cell, footnotes=self.footnotes[shots].missing(variant, place.metric))

    @cached_property
    def gaps(self) -> dict[tuple[str, Shots], PairedTest | None]:
        """Of the means over pairs, of each strategy at each budget at which it is applicable."""
        found = {}
        for (variant, shots), decision in self.decisions.items():
            place = self.places[shots]
            gap = place.overall_gap(variant, place.base_of(variant))
            found[variant, shots] = gap if gap is None or decision.test is None else with_interval(decision.test, gap.n)
        return found

    @cached_property
    def decisions(self) -> dict[tuple[str, Shots], Decision]:
        """Holm-corrected over the gaps of the table, as its sentences are about all budgets at once."""
        spots = [
            (variant, shots)
            for variant in self.variants
            for shots, place in self.places.items()
            if any(name == variant for name, _ in place.gaps)
        ]
        rows = [gap_over_pairs(self.places[shots], variant) for variant, shots in spots]
        rows = [None if self.first.few_seeds else row for row in rows]
        decided = strategy_decisions(rows, rope=self.first.result_set.plan.rope)
        return dict(zip(spots, decided, strict=True))

    @cached_property
    def verdicts(self) -> dict[tuple[str, Shots], Verdict]:
        """What the source does at each budget."""
        return {spot: decision.verdict for spot, decision in self.decisions.items()}

    def _gap(self, variant: str, shots: Shots) -> Cell:
        place = self.places[shots]
        if not any(variant in other.strategies for other in self.places.values()):
            return EMPTY
        gap = self.gaps.get((variant, shots))
        if gap is None and place.planned_pairs(variant) and not place.used_source(variant):
            return EMPTY
        if gap is None:
            numbers = self.footnotes[shots].missing(variant, place.metric)
            return Cell(MISSING, footnotes=numbers + self.footnotes[shots].without_base(variant))
        marks = () if place.few_seeds else (VERDICT_MARKS[self.verdicts[variant, shots]],)
        return self.scale.cell(gap, signed=True, marks=marks)

    def _sentences(self) -> list[str]:
        """By strategy, what the source does at which budgets."""
        if self.first.few_seeds:
            return []
        lines = []
        for variant in self.variants:
            gaps = {shots: self.gaps.get((variant, shots)) for shots in self.places}
            said = {s: self.verdicts[variant, s] if gap else self._without_gap(variant, s) for s, gap in gaps.items()}
            if any(gap is not None for gap in gaps.values()):
                lines.append(f"{variant}: {label_budgets.in_words(said)}")
        return lines

    def _without_gap(self, variant: str, shots: Shots) -> str:
        """Why there is no gap at a budget."""
        place = self.places[shots]
        runs = [cell for pair in place.planned_pairs(variant) for cell in place.by_spot[variant, pair].values()]
        if not runs:
            return NOT_ASKED
        found = {place.result_set.status(cell.run_key) for cell in runs}
        if found == {"missing"}:
            return NOT_RUN
        return NOT_WHOLE if found - {"ok", "skipped"} else NO_GAP

    def _hidden(self) -> list[str]:
        """Harm that --by strategy shows and a mean over pairs, or a larger family of tests, would hide."""
        several = len(self.first.pairs) > 1
        how = "pair by pair" if several else "corrected within this budget alone"
        lines = []
        for shots, place in self.places.items():
            for variant in place.strategies:
                shown = not several and self.verdicts.get((variant, shots)) == "hurts"
                if not shown and (hurt := verdict_notes.hurt(place, variant)):
                    lines.append(f"{label_budgets.short(shots)}, {how}: hurts: {hurt}")
        return lines

    def _verdict_note(self) -> list[str]:
        meaning = [verdict_notes.gap_meaning(self.first)] if self.gaps else []
        if self.first.few_seeds:
            return [*meaning, verdict_notes.FEW_SEEDS]
        if not self.gaps:
            return []
        made = count(sum(decision.test is not None for decision in self.decisions.values()), "gap")
        of = "" if len(self.first.pairs) == 1 else " of the mean over pairs"
        region = self.scale.text(self.first.result_set.plan.rope) + self.scale.unit
        test = f"one test{of} for each gap, Holm-corrected over the {made} of this table, family-wise 5 %"
        within = f"no matter: the 90 % interval lies within ± {region}"
        return [
            *meaning,
            f"Verdicts: {test}; {within}. {verdict_notes.sampled(self.first)} --by strategy {_OTHER_TEST}.",
        ]

    def _below(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
        """What is said of each budget, once where it holds at all of them."""
        found: dict[str, list[Shots]] = {}
        for shots, place in self.places.items():
            lines = [notes.dropped(place, over_pairs=True), *notes.same_for_every_seed(place, over_pairs=True)]
            lines += [*verdict_notes.unused_source(place), *notes.references(place)]
            lines += [*notes.about_data(place), *self.doubts[shots].lines]
            for line in (*lines, *notes.marks(place, columns, (cell.marks for row in rows for cell in row))):
                found.setdefault(line, []).append(shots)
        return [
            line if len(at) == len(self.places) else f"{_listing(at)}: {line}" for line, at in found.items() if line
        ]


def _listing(several: Sequence[Shots]) -> str:
    return ", ".join(map(label_budgets.short, several))
