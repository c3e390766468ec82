"""One table of cells: its values, and what is made of them: gaps, verdicts and ranks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tlbench.evaluation import gaps
from tlbench.evaluation.harm_probability import HarmProbability, harm_probability
from tlbench.evaluation.ranks import RankEstimate, average_ranks
from tlbench.evaluation.statistics import Estimate, PairedTest, RatioEstimate, estimate
from tlbench.evaluation.uncertainty import DifferenceTest
from tlbench.evaluation.verdicts import Decision, Verdict
from tlbench.leaderboard.analysis import gap_tests
from tlbench.leaderboard.analysis.table_values import CellKey, TableValues, mean_over_pairs

#: From fewer pairs nothing is said of a new one.
MIN_PAIRS = 3


@dataclass
class TableGroup(TableValues):
    """A table with the gaps of its strategies, what is decided of them, and their ranks.

    Gaps are differences of errors (positive: transfer hurt).
    """

    @cached_property
    def adapting(self) -> list[str]:
        """The strategies that use something of the target: the others have no gap and no verdict."""
        return [name for name in self.strategies if name not in self.cannot_run and gap_tests.adapts(self, name)]

    @cached_property
    def failed_trainings(self) -> dict[CellKey, gap_tests.FailedTraining]:
        """The cells in which some run has not learnt its source."""
        return gap_tests.failed_trainings(self)

    @cached_property
    def _as_planned(self) -> TableGroup:
        """The table without filters but of seeds: verdicts are corrected over the cells of the suite as planned."""
        first = self.cells[0]
        cells = [cell for cell in self.result_set.planned if cell.same_table(first) and cell.seed in self.seeds]
        if len(cells) <= len(self.cells):
            return self
        return replace(self, cells=cells)

    @cached_property
    def decisions(self) -> dict[CellKey, Decision]:
        """What is decided of each strategy on each pair; no entry where it does not adapt, or is not applicable."""
        if self._as_planned is not self:
            there = {(variant, pair) for variant in self.strategies for pair in self.pairs}
            return {spot: found for spot, found in self._as_planned.decisions.items() if spot in there}
        spots = [(v, p) for v in self.adapting for p in self._applicable(v)] if self.base else []
        return dict(zip(spots, gap_tests.cell_tests(self, spots, self.failed_trainings), strict=True))

    @property
    def family(self) -> Mapping[CellKey, Decision]:
        """The decisions over which verdicts on cells are corrected: those of the table as planned."""
        return self._as_planned.decisions

    @cached_property
    def counts_items(self) -> bool:
        """Whether the intervals of gaps count test items as a sample; all of the table's do, or none is said to."""
        found = [gap_tests.counts_items(self, *spot) for spot in self.decisions]
        return bool(found) and all(found)

    @property
    def _rows_as_planned(self) -> TableGroup:
        """The table whose strategies are one family; over fewer pairs a mean is another, of this table alone."""
        return self._as_planned if set(self._as_planned.pairs) == set(self.pairs) else self

    @property
    def row_family(self) -> Mapping[str, Decision]:
        """The decisions over which verdicts on strategies are corrected."""
        return self._rows_as_planned.row_decisions

    @cached_property
    def row_decisions(self) -> dict[str, Decision]:
        """What is decided of each strategy over all pairs: one test each, corrected over strategies."""
        if self._rows_as_planned is not self:
            planned = self._rows_as_planned.row_decisions
            return {variant: planned[variant] for variant in self.adapting if variant in planned}
        rows = [variant for variant in self.adapting if self._applicable(variant)] if self.base else []
        return gap_tests.strategy_tests(self, rows, self.failed_trainings)

    def harm_probability(self, variant: str) -> HarmProbability | None:
        """How probable it is that a strategy hurts a new pair of this kind."""
        tests = [found.test for (name, _), found in self.decisions.items() if name == variant and found.test]
        return harm_probability(tests, rope=self.result_set.plan.rope) if len(tests) >= MIN_PAIRS else None

    @cached_property
    def gaps(self) -> dict[CellKey, PairedTest | None]:
        """The gap of each strategy on each pair; None where a run of either is missing and not to be dropped.

        Its interval is that of the verdict: over seeds, and over test items where they are stored.
        Where a strategy is not applicable at all, or does not adapt, there is nothing to decide and no entry.
        """
        return {(v, p): self._gap(v, p) for v, p in self.decisions}

    def _gap(self, variant: str, pair: str) -> PairedTest | None:
        found, test = self.seed_gap(variant, pair), self.decisions[variant, pair].test
        if found is None:
            return None
        if test is not None:
            return with_interval(test, len(self.seeds))
        # Seeds that all give the same difference, by items that are not known: ± 0 would pass for certainty.
        return replace(found, half_width=found.half_width or None)

    def seed_gap(self, variant: str, pair: str) -> PairedTest | None:
        """A gap with its interval over its own seeds alone; None where a run is missing and not to be dropped."""
        ours, base = self.errors(variant, pair), self.base_errors(variant, pair, self.base_of(variant) or "")
        if not (self.is_enough(ours) and self.is_enough(base)):
            return None
        gap = gaps.adaptation_gap if self.setting == "transductive" else gaps.negative_transfer_gap
        return gap(ours, base)

    @cached_property
    def verdicts(self) -> dict[CellKey, Verdict]:
        """What transfer did on each pair; none where there is no gap."""
        return {spot: found.verdict for spot, found in self.decisions.items() if self.gaps[spot] is not None}

    def row_gap(self, variant: str) -> PairedTest | None:
        """The mean gap over pairs, with the interval of the row's verdict."""
        found = self.row_decisions.get(variant)
        if found is None or found.test is None:
            return self.overall_gap(variant, self.base_of(variant))
        return with_interval(found.test, len(self.seeds))

    def row_gain(self, variant: str) -> PairedTest | None:
        """The mean gain over target-only over pairs, with an interval like that of the gap."""
        test = self._gain_tests.get(variant)
        if test is None:
            return self.overall_gap(variant, "target-only", gain=True)
        return with_interval(replace(test, mean=-test.mean), len(self.seeds))

    @cached_property
    def _gain_tests(self) -> dict[str, DifferenceTest | None]:
        return gap_tests.gain_tests(self, self.strategies)

    def overall_gap(
        self, variant: str, name: str | None, *, gain: bool = False, pairs: Sequence[str] | None = None
    ) -> PairedTest | None:
        """The gap to a reference, or the gain over it, of the means over some pairs (default: all)."""
        shown = self.shown(variant, pairs=pairs)
        ours = mean_over_pairs(shown, lambda pair: self.errors(variant, pair))
        base = mean_over_pairs(shown, lambda pair: self.base_errors(variant, pair, name or ""))
        if ours is None or base is None:
            return None
        return gaps.gain_over_target_only(ours, base) if gain else gaps.adaptation_gap(ours, base)

    def overall_base(self, variant: str) -> Estimate | None:
        """The mean over pairs of what the gap of a variant is taken to, as the metric itself."""
        shown = self.shown(variant)
        errors = mean_over_pairs(shown, lambda pair: self.base_errors(variant, pair, self.base_of(variant) or ""))
        return estimate([self.scale.error(error) for error in errors.values()]) if errors else None

    def share_closed(self, variant: str) -> RatioEstimate | None:
        """The share of the gap between source-only and oracle that a variant closes, of the means over pairs."""
        shown = self.shown(variant)
        parts = [mean_over_pairs(shown, lambda pair: self.errors(variant, pair))]
        for name in ("source-only", "oracle"):
            parts.append(mean_over_pairs(shown, lambda pair, name=name: self.base_errors(variant, pair, name)))  # type: ignore[misc]
        ours, lower, upper = parts
        if ours is None or lower is None or upper is None:
            return None
        return gaps.share_of_gap_closed(ours, lower, upper)

    @cached_property
    def ranked(self) -> dict[str, list[float]]:
        """Scores by pair, larger is better, of what is ranked: strategies and the one baseline; complete ones only."""
        wanted = [*self.rank_baseline, *self.strategies]
        table = {name: [self._complete(name, pair) for pair in self.pairs] for name in wanted}
        whole = {name: row for name, row in table.items() if None not in row}
        sign = -1 if self.scale.lower_is_better else 1
        scores = {name: [sign * value for value in row if value is not None] for name, row in whole.items()}
        return scores if len(scores) >= 2 else {}

    @cached_property
    def ranks(self) -> dict[str, RankEstimate]:
        """Average ranks over pairs; none where there are not two to rank."""
        if not self.ranked:
            return {}
        return dict(zip(self.ranked, average_ranks(list(self.ranked.values())), strict=True))

    @property
    def rank_baseline(self) -> list[str]:
        """The reference that is ranked among the strategies: no transfer at all, or no adaptation."""
        name = "target-only" if self.setting == "inductive" else "source-only"
        return [name] if name in self.baselines else []

    def _complete(self, variant: str, pair: str) -> float | None:
        found = self.by_seed(variant, pair)
        return statistics.fmean(found.values()) if len(found) == len(self.seeds) else None


def with_interval(test: DifferenceTest, seeds: int) -> PairedTest:
    """A test as the gap that tables show."""
    low, high = test.interval()
    return PairedTest(test.mean, (high - low) / 2, seeds, test.p_value)
