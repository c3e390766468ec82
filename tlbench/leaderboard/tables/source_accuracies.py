"""What the tables of `--by source` open with: scores by source and target, and the best source of each target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tlbench.leaderboard.analysis.sanity import sanity
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CEILING, TRIVIAL, BySeed
from tlbench.leaderboard.tables import best_source, notes
from tlbench.leaderboard.tables.cells import EMPTY, MISSING, Cell, Column, Table, metric_name
from tlbench.leaderboard.tables.footnotes import Footnotes
from tlbench.leaderboard.tables.source_grid import FIRST, SourceGrid, pair_of

SOURCE_ONLY = "source-only"
#: Rows below the sources, which are of a target whatever the source.
BELOW = (TRIVIAL, "target-only", CEILING)
HINDSIGHT = "in each cell, of {} strategies, the one with the best mean on the target test split"


def source_accuracies(place: TableGroup, shown: set[frozenset[str]]) -> list[Table]:
    """The scores of `source-only` by source and target, then those of the best strategy; what was not run has none.

    `shown` are the runs of `source-only` that have a table already: settings and label budgets share them.
    """
    tables = []
    runs = frozenset(cell.run_key for cell in place.cells if cell.variant == SOURCE_ONLY)
    if runs and runs not in shown:
        shown.add(runs)
        tables.append(_Scores(place, SOURCE_ONLY, [SOURCE_ONLY]).table())
    strategies = [name for name in place.strategies if any(place.by_seed(name, pair) for pair in place.pairs)]
    if strategies and place.selection != "target-test":
        by = strategies[0] if len(strategies) == 1 else "the best strategy"
        tables.append(_Scores(place, by, strategies).table())
    return tables


class _Scores:
    """Scores of one of several variants, the best of each cell."""

    def __init__(self, place: TableGroup, by: str, variants: Sequence[str]) -> None:
        self.place, self.by, self.variants = place, by, variants
        self.grid, self.footnotes, self.doubts = SourceGrid.of(place), Footnotes(place), sanity(place)

    def table(self) -> Table:
        place, metric = self.place, metric_name(self.place.metric)
        columns = [FIRST, *(Column(target, target) for target in self.grid.targets)]
        rows = [self._row(source, lambda t, s=source: self._cell(s, t)) for source in self.grid.sources]  # type: ignore[misc]
        below = [name for name in BELOW if name in place.variants]
        rows += [self._row(name, lambda t, n=name: self._reference(n, t)) for name in below]  # type: ignore[misc]
        unit = " in %" if place.scale.percent else ""
        of = f"{metric}{unit} of {self.by}, sources as rows, targets as columns,"
        text = f"{notes.measured(place, over_pairs=False, of=of)} {notes.dropped(place, False)}".strip()
        chosen = [f"{self.by}: {HINDSIGHT.format(len(self.variants))}"] if len(self.variants) > 1 else []
        lines = [*self._sentences(), *chosen, *self._references_note(below), *notes.references(place)]
        lines += [*notes.about_data(place), *self.doubts.lines]
        lines += notes.marks(place, columns, (cell.marks for row in rows for cell in row))
        title = notes.title(place, f"selection: {place.selection} · {metric} of {self.by} by source")
        return Table(title, columns, rows, text, lines, self.footnotes.texts)

    def _row(self, name: str, cell: Callable[[str], Cell]) -> list[Cell]:
        return [Cell(name), *(cell(target) for target in self.grid.targets)]

    def _cell(self, source: str, target: str) -> Cell:
        if source not in self.grid.sources_of(target):
            return EMPTY
        pair = pair_of(source, target)
        if not self._is_asked(pair):
            return EMPTY
        best = self._best(pair)
        if best is None:
            variant = self.variants[0]
            numbers = self.footnotes.missing(variant, self.place.metric, [pair]) if len(self.variants) == 1 else ()
            return Cell(MISSING, footnotes=numbers)
        cell = self.place.scale.cell(self.place.at(best, pair))
        return replace(cell, text=f"{cell.text} {best}") if len(self.variants) > 1 else cell

    def _is_asked(self, pair: str) -> bool:
        """Whether the suite asks for any of these here; of other classes there is no `source-only`."""
        return any((name, pair) in self.place.by_spot for name in self.variants)

    def _best(self, pair: str) -> str | None:
        """Of the variants with all seeds on a pair the one with the best mean."""
        there = {name: found.mean for name in self.variants if (found := self.place.at(name, pair)) is not None}
        sign = -1 if self.place.scale.lower_is_better else 1
        return max(there, key=lambda name: sign * there[name], default=None)

    def _reference(self, name: str, target: str) -> Cell:
        """A reference of the target, from whichever of its pairs has it."""
        for source in self.grid.sources_of(target):
            pair = pair_of(source, target)
            if (found := self.place.at(name, pair)) is not None:
                return self.place.scale.cell(found, marks=self.doubts.marks(name, pair))
        return Cell(MISSING)

    def _references_note(self, below: Sequence[str]) -> list[str]:
        return [f"{', '.join(below)}: the same whatever the source"] if below else []

    def _sentences(self) -> list[str]:
        lines = [line for target in self.grid.targets for line in self._of(target)]
        return [*lines, *([best_source.NOTE] if lines else [])]

    def _of(self, target: str) -> Iterator[str]:
        """Which source is best for a target, and of which there is no number."""
        found, absent = self._values(target)
        what = "strategy and source" if len(self.variants) > 1 else f"source by {self.by}"
        yield from best_source.best(target, what, found, self.place.scale)
        if found and absent:
            yield f"for {target}: no number from {', '.join(absent)}"

    def _values(self, target: str) -> tuple[dict[str, BySeed], list[str]]:
        """By source, with the strategy where there are several; and the sources without any."""
        found: dict[str, BySeed] = {}
        absent = []
        for source in self.grid.sources_of(target):
            pair = pair_of(source, target)
            if not self._is_asked(pair):
                continue
            there = [name for name in self.variants if len(self.place.by_seed(name, pair)) == len(self.place.seeds)]
            if not there:
                absent.append(source)
            for name in there:
                label = f"{name} from {source}" if len(self.variants) > 1 else source
                found[label] = self.place.by_seed(name, pair)
        return found, absent
