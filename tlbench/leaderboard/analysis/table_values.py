"""The numbers of one table: which runs it holds, and their values by variant, pair and seed and over pairs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from tlbench.core.probabilities import LOWER_IS_BETTER
from tlbench.evaluation.statistics import MIN_SEEDS, Estimate, estimate
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.row_selection import BEST_SINGLE, choose_members, choose_single_source
from tlbench.leaderboard.tables.cells import Scale, metric_name
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import Record

BySeed = dict[int, float]
#: A variant on a pair.
CellKey = tuple[str, str]
#: References in the order of rows: what no transfer gives first, the ceiling last.
TRIVIAL, CEILING, POOLING = "majority", "oracle", "pooling"
BASELINES = (TRIVIAL, "source-only", BEST_SINGLE, "target-only", POOLING)
REVERSE = "reverse-validation"
REFERENCES = (*BASELINES, CEILING)

#: What the gap of a setting is taken to; `without-source` is the same algorithm without the source.
WITHOUT_SOURCE = "without-source"
GAP_BASE = {"transductive": "source-only", "inductive": WITHOUT_SOURCE, "unsupervised": WITHOUT_SOURCE}
#: Of a strategy that names the same without adapting, the gap is taken to that, and not to `source-only`.
TWIN = "without-adaptation"


@dataclass(frozen=True)
class TableMean:
    """What of a variant goes into means: pairs and seeds, and how many runs were left out of them."""

    pairs: tuple[str, ...]
    seeds: tuple[int, ...]
    left_out: int


@dataclass
class TableValues:
    """The cells of one setting, label budget, evaluation and backbone under one protocol: what may be ranked together.

    Values are fractions as stored, gaps differences of errors (positive: transfer hurt).
    """

    result_set: ResultSet
    cells: Sequence[PlannedCell]
    selection: str
    metric: str
    drop: bool = False
    #: Whether references that lack the protocol, because they have no source, are shown at their last step instead.
    fall_back: bool = True
    #: Whether members of a grid have rows beside the one that a protocol chooses among them.
    keep_members: bool = False
    #: The references to which that happened.
    at_last_step: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._scales: dict[str, Scale] = {}
        self.members = {cell.run_key for cell in self.cells if cell.family}
        chosen = choose_members(self.result_set, self.cells, self.selection, keep=self.keep_members)
        self.cells, lines = choose_single_source(chosen.cells, self._larger_is_better)
        self.considered, self.choices = chosen.considered, [*chosen.lines, *lines]
        self.by_spot: dict[CellKey, dict[int, PlannedCell]] = {}
        # A suite may list a reference among its strategies; it is one row then, as the reference.
        for cell in sorted(self.cells, key=lambda cell: cell.role != "reference"):
            self.by_spot.setdefault((cell.variant, cell.pair), {}).setdefault(cell.seed, cell)
        self.pairs = list(dict.fromkeys(cell.pair for cell in self.cells))
        self.seeds = sorted({cell.seed for cell in self.cells})
        references = list(dict.fromkeys(cell.variant for cell in self.cells if cell.role == "reference"))
        self.strategies = [
            name for name in dict.fromkeys(cell.variant for cell in self.cells) if name not in references
        ]
        ordered = dict.fromkeys(name for name in (*BASELINES, *references) if name in references)
        self.baselines = [name for name in ordered if name != CEILING]
        self.ceiling = [CEILING] if CEILING in references else []

    @property
    def variants(self) -> list[str]:
        """All rows in their order."""
        return [*self.baselines, *self.strategies, *self.ceiling]

    @cached_property
    def rows(self) -> list[str]:
        """The variants that have a row: not those that cannot run in this setting, on any pair."""
        return [variant for variant in self.variants if variant not in self.cannot_run]

    @cached_property
    def cannot_run(self) -> dict[str, str]:
        """By strategy that is not applicable in this table at all, the reason."""
        found = {}
        for variant in self.strategies:
            keys = [cell.run_key for pair in self.planned_pairs(variant) for cell in self._spot(variant, pair)]
            if keys and all(self.result_set.status(key) == "skipped" for key in keys):
                found[variant] = self.result_set.reason(keys[0]) or "not applicable"
        return found

    @property
    def setting(self) -> str:
        """The setting, which decides what a gap is taken to."""
        return self.cells[0].setting

    @cached_property
    def scale(self) -> Scale:
        """How the metric is shown."""
        return self.scale_of(self.metric)

    def scale_of(self, metric: str) -> Scale:
        """How a metric is shown, the same in all rows."""
        if metric not in self._scales:
            found = (self.value(cell, metric) for cell in self.cells)
            self._scales[metric] = Scale.of(metric, [value for value in found if value is not None])
        return self._scales[metric]

    def score(self, key: str, metric: str, *, reference: bool) -> float | None:
        """A run's number. A reference without a source, which most protocols read, is shown at its last step."""
        record = self.result_set.records.get(key)
        if record is not None and self._is_shown_at_last_step(record, reference=reference):
            alone = reference and record.variant not in REFERENCES
            self.at_last_step.add(record.variant + (" without the source" if alone else ""))
            return self.result_set.score(key, "last", metric)
        return self.result_set.score(key, self.selection, metric)

    def _is_shown_at_last_step(self, record: Record, *, reference: bool) -> bool:
        lacks = record.status == "ok" and self.selection not in record.metrics
        # Of the runs of strategies, reverse validation has a say in those of a grid alone.
        as_given = reference or (self.selection == REVERSE and record.run_key not in self.members)
        return self.fall_back and as_given and lacks

    def protocol_of(self, key: str, *, reference: bool) -> str:
        """The protocol by which a run's number is chosen."""
        record = self.result_set.records.get(key)
        at_last = record is not None and self._is_shown_at_last_step(record, reference=reference)
        return "last" if at_last else self.selection

    def correct(self, key: str, *, reference: bool) -> NDArray[Any] | None:
        """Which test items a run has right, at the checkpoint that its number is of; None where that is not stored."""
        step = self.result_set.score(key, self.protocol_of(key, reference=reference), "checkpoint")
        return None if step is None else self.result_set.correct(key, int(step))

    def value(self, cell: PlannedCell, metric: str | None = None) -> float | None:
        """The number of a cell."""
        return self.score(cell.run_key, metric or self.metric, reference=cell.role == "reference")

    def _larger_is_better(self, cell: PlannedCell) -> float | None:
        value = self.value(cell)
        return None if value is None else -value if self.metric in LOWER_IS_BETTER else value

    def own_seconds(self, variant: str) -> list[float]:
        """Wall seconds of each run of a row; where it was chosen among several, of all of them: the search's cost."""
        searches = [keys for (row, _, _), keys in self.considered.items() if row == variant]
        runs = searches or [[record.run_key] for record in self.records(variant)]
        return [sum(map(self._own_seconds, keys)) for keys in runs]

    def _own_seconds(self, key: str) -> float:
        """What a run took itself; a second training only counts where it is what chooses."""
        record = self.result_set.records.get(key)
        if record is None:
            return 0.0
        own = record.seconds.own
        return own.total if self.selection == REVERSE else own.total - own.selection

    def reason(self, cell: PlannedCell, metric: str) -> str | None:
        """Why a cell has no number; None where it has one."""
        if self.value(cell, metric) is not None:
            return None
        why = self.result_set.reason(cell.run_key)
        if why is not None:
            return why
        has_protocol = self.selection in self.result_set.records[cell.run_key].metrics
        if has_protocol and metric in LOWER_IS_BETTER and metric in self.result_set.plan.metrics:
            return f"its outputs are no probabilities, so no {metric_name(metric)}"
        return f"no {metric} in the record" if has_protocol else f"not scored by {self.selection}"

    def by_seed(self, variant: str, pair: str, metric: str | None = None) -> BySeed:
        """Numbers by seed, of those that are there."""
        found = {seed: self.value(cell, metric) for seed, cell in self.by_spot.get((variant, pair), {}).items()}
        return {seed: value for seed, value in found.items() if value is not None}

    def planned_pairs(self, variant: str) -> list[str]:
        """The pairs on which the suite asks for a variant."""
        return [pair for pair in self.pairs if (variant, pair) in self.by_spot]

    def also_on(self, pairs: Iterable[str]) -> None:
        """Count these pairs too, those of a table beside this one: what is not asked for on them is a hole."""
        self.pairs = list(dict.fromkeys([*self.pairs, *pairs]))

    def shown(self, variant: str, metric: str | None = None, pairs: Sequence[str] | None = None) -> TableMean | None:
        """What a variant's means over some pairs (default: all) are over.

        None where it has a hole that is not to be dropped, or nothing is left.
        """
        asked = self.pairs if pairs is None else pairs
        planned = len(asked) * len(self.seeds)
        found = {pair: set(self.by_seed(variant, pair, metric)) for pair in asked}
        there = sum(len(seeds) for seeds in found.values())
        if there == planned:
            return TableMean(tuple(asked), tuple(self.seeds), 0)
        if not self.drop or not there:
            return None
        # A seed or a pair goes as a whole: means over other pairs for each seed would measure the pairs.
        seeds = [seed for seed in self.seeds if any(seed in have for have in found.values())]
        whole = [pair for pair, have in found.items() if have.issuperset(seeds)]
        if not whole:
            return None
        return TableMean(tuple(whole), tuple(seeds), planned - len(whole) * len(seeds))

    def means(self, variant: str, shown: TableMean | None, metric: str | None = None) -> BySeed | None:
        """By seed, the mean over pairs; None where something is missing."""
        return mean_over_pairs(shown, lambda pair: self.by_seed(variant, pair, metric))

    def overall(self, variant: str, metric: str | None = None) -> Estimate | None:
        """The mean over pairs, with its interval over seeds."""
        means = self.means(variant, self.shown(variant, metric), metric)
        return estimate(list(means.values())) if means else None

    def at(self, variant: str, pair: str) -> Estimate | None:
        """The mean over seeds on one pair; None where a seed is missing and not to be dropped."""
        found = self.by_seed(variant, pair)
        return estimate(list(found.values())) if self.is_enough(found) else None

    def is_enough(self, found: BySeed) -> bool:
        """Whether no seed is missing, or what is missing is to be dropped."""
        return bool(found) and (self.drop or len(found) == len(self.seeds))

    def errors(self, variant: str, pair: str) -> BySeed:
        """Errors by seed."""
        return {seed: self.scale.error(value) for seed, value in self.by_seed(variant, pair).items()}

    def base_errors(self, variant: str, pair: str, name: str) -> BySeed:
        """Errors by seed of a reference of a variant's cells. A run that is its own reference has none."""
        found = {}
        for seed, cell in self.by_spot.get((variant, pair), {}).items():
            key = cell.references.get(name)
            if key is not None and key != cell.run_key:
                value = self.score(key, self.metric, reference=True)
                if value is not None:
                    found[seed] = self.scale.error(value)
        return found

    @property
    def base(self) -> str | None:
        """The reference that a setting's gap is taken to."""
        return GAP_BASE.get(self.setting)

    def base_of(self, variant: str) -> str | None:
        """The reference that the gap of a variant is taken to."""
        return TWIN if variant in self.twins else self.base

    @cached_property
    def twins(self) -> dict[str, str]:
        """By variant the strategy that does the same without adapting, where it names one."""
        keys = {cell.variant: cell.references[TWIN] for cell in self.cells if TWIN in cell.references}
        names = {cell.run_key: cell.variant for cell in self.cells}
        return {variant: names.get(key, TWIN) for variant, key in keys.items()}

    def used_source(self, variant: str) -> list[str]:
        """The pairs that a variant is asked for on, but those whose source can change nothing that it predicts."""
        pairs = self.planned_pairs(variant)
        return [pair for pair in pairs if any(cell.uses_source for cell in self._spot(variant, pair))]

    def unused_source(self, variant: str) -> list[str]:
        """The pairs on which nothing of the source can change what a variant predicts."""
        used = self.used_source(variant)
        return [pair for pair in self.planned_pairs(variant) if pair not in used]

    def _applicable(self, variant: str) -> list[str]:
        """The pairs on which some run of a variant was not skipped, and is not its own reference."""
        return [pair for pair in self.planned_pairs(variant) if any(map(self._has_gap, self._spot(variant, pair)))]

    def _spot(self, variant: str, pair: str) -> Iterable[PlannedCell]:
        return self.by_spot[variant, pair].values()

    def _has_gap(self, cell: PlannedCell) -> bool:
        skipped = self.result_set.status(cell.run_key) == "skipped"
        return not skipped and cell.references.get(self.base_of(cell.variant) or "") not in (None, cell.run_key)

    @property
    def few_seeds(self) -> bool:
        """Whether there are too few seeds for any interval."""
        return len(self.seeds) < MIN_SEEDS

    def records(self, variant: str) -> Iterator[Record]:
        """The records of a variant that are ok, each once however many pairs share it."""
        keys = {
            cell.run_key: None
            for (name, _), cells in self.by_spot.items()
            if name == variant
            for cell in cells.values()
        }
        for key in keys:
            record = self.result_set.records.get(key)
            if record is not None and record.status == "ok":
                yield record


def mean_over_pairs(shown: TableMean | None, values: Callable[[str], Mapping[int, float]]) -> BySeed | None:
    """By seed, the mean over the pairs shown; None where there is nothing to show or a value is missing."""
    if shown is None:
        return None
    found = [values(pair) for pair in shown.pairs]
    if not all(set(shown.seeds) <= by_seed.keys() for by_seed in found):
        return None
    return {seed: statistics.fmean(by_seed[seed] for by_seed in found) for seed in shown.seeds}
