"""Sources as rows and targets as columns: scores first, then the gaps of each strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tlbench.errors import TlbenchError
from tlbench.evaluation.statistics import PairedTest
from tlbench.leaderboard.analysis.sanity import sanity
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import TWIN, WITHOUT_SOURCE
from tlbench.leaderboard.tables import best_source, notes, verdict_notes
from tlbench.leaderboard.tables.cells import EMPTY, FLAGGED, MISSING, VERDICT_MARKS, Cell, Column, Table, metric_name
from tlbench.leaderboard.tables.footnotes import Footnotes
from tlbench.leaderboard.tables.source_accuracies import source_accuracies
from tlbench.leaderboard.tables.source_grid import FIRST, SourceGrid, pair_of, sources_of

MEAN = Column("mean:target", "mean over\ntargets", starts_group=True)
MEAN_ROW = "mean over sources"


def by_source(places: Sequence[TableGroup]) -> list[Table]:
    """Scores by source, then a table of gaps for each strategy that has any, wherever there are several sources.

    `places`: all of a result set under one protocol, at least one. Raises `TlbenchError` where there is no such table.
    """
    shown = [place for place in places if len(sources_of(place)) > 1]
    for place in shown:
        # A domain is no source of itself; any other pair that is not there is a hole, which means over pairs have too.
        place.also_on(SourceGrid.of(place).pairs())
    absent = [line for place in shown for line in _without_table(place)]
    baselines: set[frozenset[str]] = set()
    tables = [table for place in shown for table in _of(place, baselines)]
    if not tables:
        raise TlbenchError(_no_matrix(places, absent))
    left_out = [notes.place_name(place) for place in places if len(sources_of(place)) == 1]
    if left_out:
        absent.append(f"not shown, for want of a second source: {'; '.join(left_out)}")
    tables[-1].notes += absent
    return tables


def _of(place: TableGroup, baselines: set[frozenset[str]]) -> list[Table]:
    gaps = [_Matrix(place, name).table() for name in place.strategies if _has_gaps(place, name)]
    return [*source_accuracies(place, baselines), *gaps]


def _has_gaps(place: TableGroup, variant: str) -> bool:
    return any(name == variant for name, _ in place.gaps)


def _without_table(place: TableGroup) -> list[str]:
    """Why strategies have no table: nowhere applicable, or no gap to take."""
    lines = []
    for variant in place.strategies:
        if not _has_gaps(place, variant):
            footnotes = Footnotes(place)
            footnotes.missing(variant, place.metric)
            why = "; ".join([*footnotes.texts, *verdict_notes.unused_source(place, variant)])
            why = why or f"{variant}: no run that its gap could be taken to"
            lines.append(f"no gaps: {notes.place_name(place)}: {why}")
    return lines


def _no_matrix(places: Sequence[TableGroup], absent: Sequence[str]) -> str:
    suite = places[0].result_set.plan.suite
    several = f"{suite!r} has no strategy with a gap from several sources"
    has = "; ".join(f"{notes.place_name(place)}: {', '.join(sources_of(place))}" for place in places)
    return (
        f"--by source sets several sources side by side, and {several}: it has {has}. "
        + "".join(f"{line[0].upper()}{line[1:]}. " for line in absent)
        + 'Give a part of the suite pairs from several sources, as in pairs = "all", and run it, or type '
        f"`tlbench leaderboard {suite} --by strategy`"
    )


class _Matrix:
    """One strategy in one table's place."""

    def __init__(self, place: TableGroup, variant: str) -> None:
        self.place, self.variant = place, variant
        self.grid = SourceGrid.of(place)
        self.footnotes, self.doubts = Footnotes(place), sanity(place, variant)

    def table(self) -> Table:
        place, several = self.place, len(self.grid.targets) > 1
        columns = [FIRST, *(Column(target, target) for target in self.grid.targets), *([MEAN] if several else [])]
        rows = [self._row(source, several) for source in self.grid.sources] + [self._means(several)]
        name = verdict_notes.GAP_NAMES[place.setting]
        points = "points of " if place.scale.percent else ""
        of = f"{name} of {self.variant} in {points}{metric_name(place.metric)}, sources as rows, targets as columns,"
        text = f"{notes.measured(place, over_pairs=False, of=of)} {notes.dropped(place, False, self.variant)}".strip()
        title = notes.title(place, f"selection: {place.selection} · {self.variant} by source")
        lines = [
            *self._sentences(),
            *verdict_notes.harm(place, self.variant),
            *verdict_notes.verdict_note(place, gain=False),
        ]
        lines += [*self._family(), *self._means_note(several), *self._same_for_every_seed()]
        lines += [*notes.about_data(place), *self.doubts.lines]
        lines += notes.marks(place, columns, (cell.marks for row in rows for cell in row), self.variant)
        return Table(title, columns, rows, text, lines, self.footnotes.texts)

    def _row(self, source: str, several: bool) -> list[Cell]:
        pairs = [pair_of(source, target) for target in self.grid.targets if source in self.grid.sources_of(target)]
        mean = [self._mean(pairs)] if several else []
        return [Cell(source), *(self._cell(source, target) for target in self.grid.targets), *mean]

    def _means(self, several: bool) -> list[Cell]:
        by_target = [[pair_of(s, target) for s in self.grid.sources_of(target)] for target in self.grid.targets]
        everywhere = [[pair for pairs in by_target for pair in pairs]] if several else []
        return [Cell(MEAN_ROW), *(self._mean(pairs) for pairs in (*by_target, *everywhere))]

    def _mean(self, pairs: Sequence[str]) -> Cell:
        base = self.place.base_of(self.variant)
        if len(pairs) == 1:
            return self.place.scale.cell(self.place.gaps.get((self.variant, pairs[0])), signed=True)
        gap = self.place.overall_gap(self.variant, base, pairs=pairs) if pairs else None
        return self.place.scale.cell(gap, signed=True)

    def _cell(self, source: str, target: str) -> Cell:
        if source not in self.grid.sources_of(target):
            return EMPTY
        place, spot = self.place, (self.variant, pair_of(source, target))
        gap = place.gaps.get(spot)
        if gap is None:
            return Cell(MISSING, footnotes=self._why(spot[1]))
        flagged = bool(notes.flags_of(place, place.by_spot[spot].values())) or spot in self.doubts.spots
        verdict = () if place.few_seeds else (VERDICT_MARKS[place.verdicts[spot]],)
        cell = place.scale.cell(gap, signed=True, marks=(*verdict, *((FLAGGED,) if flagged else ())))
        return replace(cell, footnotes=self._why(spot[1]))

    def _why(self, pair: str) -> tuple[int, ...]:
        """Footnotes for a run, or the run that its gap is taken to."""
        own = self.footnotes.missing(self.variant, self.place.metric, [pair])
        base = self.place.base_of(self.variant)
        if base is None or (self.variant, pair) not in self.place.by_spot:
            return own
        if base in (WITHOUT_SOURCE, TWIN):
            return own + self.footnotes.without_base(self.variant, [pair])
        return own + self.footnotes.missing(base, self.place.metric, [pair])

    def _sentences(self) -> list[str]:
        lines = []
        for target in self.grid.targets:
            sources = self.grid.sources_of(target)
            gaps = {source: self.place.gaps.get((self.variant, pair_of(source, target))) for source in sources}
            said = {source: self.place.verdicts.get((self.variant, pair_of(source, target))) for source in sources}
            there: dict[str, PairedTest] = {source: gap for source, gap in gaps.items() if gap is not None}
            known = {} if self.place.few_seeds else {s: verdict for s, verdict in said.items() if verdict}
            absent = [source for source in sources if source not in there]
            lines += best_source.gaps_in_words(target, there, known, absent, self.place.scale)
        return lines

    def _family(self) -> list[str]:
        """Verdicts do not depend on the shape in which the same cells are shown."""
        others = dict.fromkeys(name for name, _ in self.place.family if name != self.variant)
        if self.place.few_seeds or not others:
            return []
        names = ", ".join(others)
        return [f"The corrected cells are also those of {names}: a verdict is the same here and --by strategy."]

    def _means_note(self, several: bool) -> list[str]:
        uneven = len({tuple(self.grid.sources_of(target)) for target in self.grid.targets}) > 1
        other = ", and are over other pairs in each row and column: a domain is not its own source" if uneven else ""
        if self.place.few_seeds:
            return [f"Means bear no verdict{other}."] if several and uneven else []
        return [f"Means bear no verdict{other}; their intervals are over seeds alone."]

    def _same_for_every_seed(self) -> list[str]:
        gaps = ((pair, gap) for (name, pair), gap in self.place.gaps.items() if name == self.variant)
        same = [pair for pair, gap in gaps if gap is not None and gap.same_for_every_seed]
        return [f"{notes.SAME_RESULT}: {self.variant} on {', '.join(same)}"] if same else []
