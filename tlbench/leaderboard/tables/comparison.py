"""Two variants of one result set, or two result sets: paired differences, per pair and overall."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.local_paths import shown_names
from tlbench.errors import TlbenchError
from tlbench.evaluation.statistics import MIN_SEEDS, PairedTest, estimate
from tlbench.evaluation.uncertainty import CrossedDifference, crossed_difference, seed_difference
from tlbench.evaluation.verdicts import ALPHA, ROPE, Decision, Verdict, holm_decisions, moderated_tests
from tlbench.leaderboard.analysis.pairing import CellKey, Run, RunPair, runs_of
from tlbench.leaderboard.analysis.result_set import Correct
from tlbench.leaderboard.analysis.table_group import with_interval
from tlbench.leaderboard.analysis.unmatched_runs import alone, nothing_in_common, without_numbers
from tlbench.leaderboard.tables.cells import (
    DISHONEST,
    EMPTY,
    MISSING,
    TESTED_ON,
    Cell,
    Column,
    Scale,
    Table,
    count,
    metric_name,
)
from tlbench.leaderboard.tables.notes import SAME_RESULT
from tlbench.leaderboard.tables.verdict_notes import FEW_SEEDS

if TYPE_CHECKING:
    import pandas as pd

#: The metric that test items decide: each is right or wrong by itself.
BY_ITEM = "accuracy"
#: Verdicts on differences A − B of a metric of which a larger value is better.
WORDS: Mapping[Verdict, str] = MappingProxyType(
    {"hurts": "A better", "helps": "B better", "no matter": "no matter", "unknown": "unknown"}
)
OTHER_WAY = {"A better": "B better", "B better": "A better"}


def compare(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    metric: str,
    selection: str = "last",
    names: tuple[str, str] = ("A", "B"),
    correct: tuple[Correct, Correct] | None = None,
    rope: float = ROPE,
) -> list[Table]:
    """The paired difference A − B of a metric: for each pair its interval, p-value and verdict, and overall.

    The frames are (parts of) `ResultSet.frame`. Where each holds one variant, these two are compared; where they hold
    several, each variant is compared with its namesake. Only what both hold is compared; the rest is named in a note.
    There is one table for each setting, label budget, backbone and evaluation, and verdicts are Holm-corrected over it.
    `rope`: differences within ± this do not matter. `overall` is the mean over a variant's pairs, by seed; it is not
    shown where a run is missing. With `correct` test items are a sample as seeds are, of accuracies, and McNemar's test
    is made for each seed; it decides where neither side varies over seeds.
    Raises `TlbenchError` where there is nothing to compare.
    """
    single = frame_a["variant"].nunique() <= 1 and frame_b["variant"].nunique() <= 1
    a, b = (runs_of(frame, metric, selection, single) for frame in (frame_a, frame_b))
    couples = {spot: RunPair(a[spot], b[spot]) for spot in a if spot in b}
    if not any(couple.seeds for couple in couples.values()):
        raise TlbenchError(nothing_in_common(names, metric, selection, a, b))
    values = [value for couple in couples.values() for value in couple.values(couple.a) + couple.values(couple.b)]
    scale = Scale.of(metric, values)
    backbones = shown_names(spot.backbone for spot in (*a, *b))
    tables, notes = [], alone(a, b)
    for within in _by_place(couples):
        if any(couple.seeds for couple in within.values()):
            place = next(iter(within)).shown_place(backbones)
            tables.append(_Comparison(within, metric, scale, names, single, correct, rope).table(selection, place))
        else:
            notes.append(without_numbers(list(within), a, b))
    tables[-1].notes += notes
    return tables


def _by_place(couples: Mapping[CellKey, RunPair]) -> list[dict[CellKey, RunPair]]:
    """Couples that may stand in one table."""
    places: dict[str, dict[CellKey, RunPair]] = {}
    for spot, couple in couples.items():
        places.setdefault(spot.place, {})[spot] = couple
    return list(places.values())


class _Comparison:
    """The couples of one place."""

    def __init__(
        self,
        couples: Mapping[CellKey, RunPair],
        metric: str,
        scale: Scale,
        names: tuple[str, str],
        single: bool,
        correct: tuple[Correct, Correct] | None,
        rope: float,
    ) -> None:
        self.couples, self.metric, self.scale, self.names, self.single = couples, metric, scale, names, single
        self.rope = rope
        #: McNemar's tests; None where they are not asked for.
        self.tests = {spot: couple.same_items(correct) for spot, couple in couples.items()} if correct else None
        self.few_seeds = all(len(couple.seeds) < MIN_SEEDS for couple in couples.values())
        self.differences = {spot: couple.difference for spot, couple in couples.items()}
        #: Rows that test items decide, since seeds only repeat one result.
        self.by_items = self._decided_by_items(correct) if correct and metric == BY_ITEM else {}
        items = correct if metric == BY_ITEM else None
        #: Differences by seed and test item, of the rows that have them.
        self.items = {} if items is None else {spot: couple.by_item(items) for spot, couple in couples.items()}
        self.decisions = dict(zip(couples, self._decide(), strict=True))
        self.footnotes: list[str] = []

    def _decide(self) -> list[Decision]:
        tests = moderated_tests([self._testable(self._crossed(spot)) for spot in self.couples])
        for index, spot in enumerate(self.couples):
            if (by_items := self.by_items.get(spot)) is not None:
                found = tests[index] or moderated_tests([self._crossed(spot)])[0]
                # McNemar's exact test is that of a single result; its interval is that of the model.
                tests[index] = found and replace(found, p_value=by_items.p_value or 0.0)
        return holm_decisions(tests, rope=self.rope)

    def _crossed(self, spot: CellKey) -> CrossedDifference | None:
        couple, items = self.couples[spot], self.items.get(spot)
        if not couple.seeds:
            return None
        if items is not None:
            return crossed_difference([items])
        return seed_difference([a - b for a, b in zip(couple.values(couple.a), couple.values(couple.b), strict=True)])

    @staticmethod
    def _testable(difference: CrossedDifference | None) -> CrossedDifference | None:
        return None if difference is None or difference.seeds < MIN_SEEDS else difference

    def _decided_by_items(self, correct: tuple[Correct, Correct]) -> dict[CellKey, PairedTest]:
        """The differences of rows without a test over seeds, with the p-value of McNemar's test."""
        found = {}
        for spot, difference in self.differences.items():
            if difference is not None and difference.p_value is None:
                test = self.couples[spot].repeated_items(correct)
                if test is not None:
                    found[spot] = replace(difference, p_value=test.p_value)
        return found

    def table(self, selection: str, place: str) -> Table:
        warning = f"{DISHONEST} " if selection == "target-test" else ""
        first = next(iter(self.couples))
        title = f"A: {self.names[0]}, B: {self.names[1]} · {place} · {warning}selection: {selection}"
        unit = " in %" if self.scale.percent else ""
        spread = "mean" if self.few_seeds else "mean ± 95 % interval"
        caption = (
            f"{metric_name(self.metric)}{unit} on {TESTED_ON[first.evaluation]}, {spread} over seeds; "
            "difference: A − B, paired by seed."
        )
        return Table(title, self._columns(), self._rows(), caption, self._notes(selection), self.footnotes)

    def _columns(self) -> list[Column]:
        # Two variants have short names; folders have not, and the title has both.
        sides = [f"{side}:\n{name}" if self.single else side for side, name in zip("AB", self.names, strict=True)]
        columns = [
            Column("pair", "pair" if self.single else "variant · pair", "left"),
            Column("a", sides[0]),
            Column("b", sides[1]),
            Column("difference", "difference"),
            Column("p", "p"),
            Column("holm", "p (Holm)"),
            Column("verdict", "verdict", "left"),
            Column("seeds", "seeds"),
        ]
        return columns if self.tests is None else [*columns, Column("mcnemar", "McNemar")]

    def _rows(self) -> list[list[Cell]]:
        """A row per pair; under several pairs of a variant an overall row."""
        rows: dict[str, list[list[Cell]]] = {}
        for spot, couple in self.couples.items():
            row = [*self._row(spot.label, couple, self.decisions[spot]), self._seeds(couple), *self._same_items(spot)]
            rows.setdefault(spot.variant, []).append(row)
        for variant, listed in rows.items():
            if len(listed) > 1:
                listed.append(self._overall(variant))
        return [row for listed in rows.values() for row in listed]

    def _row(self, label: str, couple: RunPair, decision: Decision) -> list[Cell]:
        a, b = (estimate(couple.values(which)) if couple.seeds else None for which in (couple.a, couple.b))
        found = couple.difference if decision.test is None else with_interval(decision.test, len(couple.seeds))
        numbers = [self.scale.cell(a), self.scale.cell(b), self.scale.cell(found, signed=True)]
        said = Cell(self._word(decision.verdict) if couple.seeds else MISSING)
        p = None if decision.test is None else decision.test.p_value
        return [Cell(label), *numbers, _p(p), _p(decision.adjusted), said]

    def _word(self, verdict: Verdict) -> str:
        word = WORDS[verdict]
        return OTHER_WAY.get(word, word) if self.scale.lower_is_better else word

    def _overall(self, variant: str) -> list[Cell]:
        label = f"{variant} · overall" if variant else "overall"
        spots = [spot for spot in self.couples if spot.variant == variant]
        mean = _mean([self.couples[spot] for spot in spots])
        blank = [EMPTY] * (1 if self.tests is None else 2)
        if mean is None:
            return [Cell(label), *[Cell(MISSING)] * 4, EMPTY, Cell(MISSING), *blank]
        # One test, so that there is nothing to correct.
        (test,) = moderated_tests([self._testable(self._over_pairs(spots, mean))])
        (decision,) = holm_decisions([test], rope=self.rope)
        row = self._row(label, mean, decision)
        return [*row[:5], EMPTY, row[6], *blank]

    def _over_pairs(self, spots: Sequence[CellKey], mean: RunPair) -> CrossedDifference:
        """The mean difference over pairs; items of a target that pairs share count once."""
        targets: dict[str, list[NDArray[Any]]] = {}
        for spot in spots:
            if (items := self.items.get(spot)) is not None:
                targets.setdefault(spot.pair.rpartition(":")[2], []).append(items / len(spots))
        same = all(len({array.shape for array in arrays}) == 1 for arrays in targets.values())
        if sum(map(len, targets.values())) == len(spots) and same:
            return crossed_difference([np.sum(arrays, axis=0) for arrays in targets.values()])
        return seed_difference([a - b for a, b in zip(mean.values(mean.a), mean.values(mean.b), strict=True)])

    def _seeds(self, couple: RunPair) -> Cell:
        """How many seeds are compared, with a footnote for each reason why others are not."""
        if len(couple.seeds) == couple.asked:
            return Cell(str(couple.asked), couple.asked)
        numbers = [self._footnote(text) for text in couple.missing()]
        return Cell(f"{len(couple.seeds)} of {couple.asked}", len(couple.seeds), footnotes=tuple(numbers))

    def _footnote(self, text: str) -> int:
        if text not in self.footnotes:
            self.footnotes.append(text)
        return self.footnotes.index(text) + 1

    def _same_items(self, spot: CellKey) -> list[Cell]:
        """In how many seeds McNemar's test calls the one or the other better; nothing where it is not asked for."""
        if self.tests is None:
            return []
        called = [test for test in self.tests[spot] if test.p_value <= ALPHA]
        a, b = sum(test.only_a > test.only_b for test in called), sum(test.only_b > test.only_a for test in called)
        return [Cell(f"A {a}, B {b} of {len(self.tests[spot])}" if self.tests[spot] else MISSING)]

    def _notes(self, selection: str) -> list[str]:
        lines = [FEW_SEEDS] if self.few_seeds and not self.by_items else self._verdict_notes()
        if len(self.couples) > 1 and not all(couple.whole for couple in self.couples.values()):
            lines.append(f"{MISSING}: a run is missing, so there is no overall difference.")
        lines += [*self._same_note(), *self._mcnemar_notes()]
        for side in sorted({side for couple in self.couples.values() for side in couple.fell_back()}):
            lines.append(f"{side}: references without a source are not scored by {selection}, shown at the last step")
        if selection == "target-test":
            lines.append(f"{DISHONEST} chosen by the target test score: shown for comparison, never ranked")
        return lines

    def _verdict_notes(self) -> list[str]:
        tested = [spot for spot, found in self.decisions.items() if found.test is not None]
        over_seeds = len([spot for spot in tested if spot not in self.by_items])
        with_items = bool(tested) and all(self.items.get(spot) is not None for spot in tested)
        over = "seeds and test items" if with_items else "seeds alone, and not the choice of test items"
        tests = ["Student's t"] if over_seeds else []
        if self.by_items:
            tests.append(f"McNemar's test on the test items for {self._labels(self.by_items)}")
        if not tests:
            return ["No row has a test, so nothing is decided."]
        region = self.scale.text(self.rope) + self.scale.unit
        lines = [
            f"Verdicts: {'; '.join(tests)}; Holm-corrected over {count(len(tested), 'row')}, family-wise 5 %. "
            f"no matter: the 90 % interval lies within ± {region}. Intervals of differences cover {over}; the variance "
            "from seeds is moderated over the table."
        ]
        if self.by_items:
            lines.append(
                "McNemar's test decides where every seed gives each test item the same answer on both sides, so that a "
                "test over seeds would count one difference several times. It asks which of the two is right more "
                "often on such items, and knows nothing of other seeds or splits."
            )
        if len(self.couples) > 1:
            lines[0] += " Overall: a test of the mean over pairs by itself, not corrected."
        return lines

    def _labels(self, spots: Collection[CellKey]) -> str:
        """Rows by their labels, or `every row` where they are all there are."""
        return "every row" if len(spots) == len(self.couples) > 1 else ", ".join(spot.label for spot in spots)

    def _same_note(self) -> list[str]:
        """Where neither side varies over seeds, and test items do not decide either, with the reason."""
        tests = {spot: test for spot, test in self.differences.items() if spot not in self.by_items}
        same = [spot.label for spot, test in tests.items() if test and test.same_for_every_seed]
        if not same:
            return []
        why = "" if self.metric == BY_ITEM else f"; --metric {BY_ITEM} is decided by test items"
        return [f"{SAME_RESULT}, and no test, as neither side varies: {', '.join(same)}{why}"]

    def _mcnemar_notes(self) -> list[str]:
        if self.tests is None:
            return []
        lines = []
        if any(self.tests.values()):
            lines.append(
                "McNemar: in how many seeds the one has more of the same test items right than the other, p ≤ 0.05 "
                "in each seed by itself; seeds are never pooled."
            )
        lacking = sum(len(couple.seeds) - len(self.tests[spot]) for spot, couple in self.couples.items())
        if lacking:
            lines.append(
                f"McNemar's test is not made for {count(lacking, 'couple')} of runs, because one of the two does not "
                "store which test items are right (older records and clusterings do not)."
            )
        return lines


def _mean(couples: list[RunPair]) -> RunPair | None:
    """By seed, the means over couples; None where a run is missing or seeds differ."""
    seeds = couples[0].seeds
    if not seeds or not all(couple.whole and couple.seeds == seeds for couple in couples):
        return None
    sides: list[dict[int, Run]] = [{}, {}]
    for index, side in enumerate(sides):
        for seed in seeds:
            side[seed] = Run("", statistics.fmean(v for c in couples if (v := c.at(seed)[index]) is not None))
    return RunPair(*sides)


def _p(value: float | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell("<0.001" if value < 0.001 else f"{value:.3f}", value)
