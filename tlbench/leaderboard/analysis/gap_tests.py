"""The gaps of a table and what they show: which strategies adapt, which trainings failed, what transfer did.

A gap is an error minus that of the reference of the same seed; positive means that transfer hurt.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tlbench.evaluation.statistics import MIN_SEEDS
from tlbench.evaluation.uncertainty import CrossedDifference, DifferenceTest, crossed_difference, seed_difference
from tlbench.evaluation.verdicts import Decision, cell_decisions, strategy_decisions

if TYPE_CHECKING:
    from tlbench.leaderboard.analysis.table_values import CellKey, TableValues
    from tlbench.records.planned_cell import PlannedCell

Items = NDArray[np.floating | np.integer]

#: A run has learnt its source if its accuracy on the source's test data is at least so far from chance to that of
#: source-only, the median over seeds.
LEARNT = 0.5
#: A metric whose difference is a mean over test items, so that items can be counted as a sample.
BY_ITEM = "accuracy"


@dataclass(frozen=True)
class FailedTraining:
    """Seeds of a cell of which a run, the strategy's or its reference's, has not learnt the source."""

    variant: str
    pair: str
    seeds: tuple[int, ...]
    of: int


def adapts(place: TableValues, variant: str) -> bool:
    """Whether a variant uses anything of the target in training, by what its runs have seen.

    Without target labels a strategy that reads no target input is another classifier on the same source labels: its
    difference from source-only is no effect of transfer.
    """
    records = list(place.records(variant))
    return place.setting != "transductive" or not records or any(record.saw_target_inputs for record in records)


def failed_trainings(place: TableValues) -> dict[CellKey, FailedTraining]:
    """The cells in which some run has not learnt its source; only where the source's classes are what is predicted."""
    found = {}
    if place.setting == "transductive":
        for variant in place.strategies:
            for pair in place.planned_pairs(variant):
                seeds = _not_learnt(place, variant, pair)
                if seeds:
                    found[variant, pair] = FailedTraining(variant, pair, seeds, len(place.seeds))
    return found


def cell_tests(place: TableValues, spots: Sequence[CellKey], failed: Mapping[CellKey, object]) -> list[Decision]:
    """Decide cells as one family."""
    cells = [testable(place, _difference(place, *spot)) for spot in spots]
    return cell_decisions(cells, [spot in failed for spot in spots], rope=place.result_set.plan.rope)


def strategy_tests(
    place: TableValues, variants: Sequence[str], failed: Mapping[CellKey, object]
) -> dict[str, Decision]:
    """Decide strategies by their mean gaps over pairs, as one family; one whose training failed on a pair has none."""
    broken = {variant for variant in variants if any((variant, pair) in failed for pair in place.pairs)}
    rows = [None if variant in broken else testable(place, gap_over_pairs(place, variant)) for variant in variants]
    decisions = strategy_decisions(rows, rope=place.result_set.plan.rope)
    return {
        variant: Decision("training failed") if variant in broken else decision
        for variant, decision in zip(variants, decisions, strict=True)
    }


def counts_items(place: TableValues, variant: str, pair: str) -> bool:
    """Whether correctness by test item is stored for the runs of a cell that are there."""
    difference = _difference(place, variant, pair)
    return difference is None or difference.items > 0


def testable(place: TableValues, difference: CrossedDifference | None) -> CrossedDifference | None:
    """The difference, if it is over seeds enough for a test."""
    return None if difference is None or difference.seeds < MIN_SEEDS else difference


def _not_learnt(place: TableValues, variant: str, pair: str) -> tuple[int, ...]:
    """The seeds of which the run of a variant, or its source-only, has not learnt the source."""
    ours = {
        seed: _source_accuracy(place, cell.run_key, reference=False)
        for seed, cell in place.by_spot[variant, pair].items()
    }
    base = {
        seed: _source_accuracy(place, cell.references.get("source-only", ""), reference=True)
        for seed, cell in place.by_spot[variant, pair].items()
    }
    known = [value for value in base.values() if value is not None]
    if not known:
        return ()
    chance = _chance(place, pair)
    least = chance + LEARNT * (statistics.median(known) - chance)
    return tuple(
        seed for seed in ours if any(value is not None and value < least for value in (ours[seed], base[seed]))
    )


def _source_accuracy(place: TableValues, key: str, *, reference: bool) -> float | None:
    return place.result_set.score(key, place.protocol_of(key, reference=reference), "source_accuracy")


def _chance(place: TableValues, pair: str) -> float:
    """1 / classes of the target, where the plan says how many there are; plans that were written before do not."""
    target = next(cell.target for cell in place.cells if cell.pair == pair)
    classes = place.result_set.plan.classes.get(target)
    return 1 / classes if classes else 0.0


def _difference(place: TableValues, variant: str, pair: str) -> CrossedDifference | None:
    """The gap on a pair, over seeds and items where these are known; None where a run is missing and not dropped."""
    ours, base = place.errors(variant, pair), place.base_errors(variant, pair, place.base_of(variant) or "")
    seeds = sorted(ours.keys() & base.keys())
    if not (place.is_enough(ours) and place.is_enough(base)) or not seeds:
        return None
    items = _items(place, variant, pair, seeds, place.base_of(variant) or "")
    return crossed_difference([items]) if items is not None else seed_difference([ours[s] - base[s] for s in seeds])


def gain_tests(place: TableValues, variants: Sequence[str]) -> dict[str, DifferenceTest | None]:
    """The mean differences over pairs of the errors of strategies and target-only; no verdicts are made of them."""
    rows = [testable(place, gap_over_pairs(place, variant, "target-only")) for variant in variants]
    return {name: decision.test for name, decision in zip(variants, strategy_decisions(rows), strict=True)}


def gap_over_pairs(place: TableValues, variant: str, to: str | None = None) -> CrossedDifference | None:
    """The mean gap over pairs, to its own reference or `to` another; items and seeds that pairs share count once."""
    shown, name = place.shown(variant), to or place.base_of(variant) or ""
    if shown is None:
        return None
    targets: dict[str, list[Items]] = {}
    by_seed = np.zeros(len(shown.seeds))
    for pair in shown.pairs:
        ours, base = place.errors(variant, pair), place.base_errors(variant, pair, name)
        if not set(shown.seeds) <= ours.keys() & base.keys():
            return None
        by_seed += [(ours[seed] - base[seed]) / len(shown.pairs) for seed in shown.seeds]
        items = _items(place, variant, pair, shown.seeds, name)
        if items is not None:
            target = next(iter(place.by_spot[variant, pair].values())).target
            targets.setdefault(target, []).append(items / len(shown.pairs))
    if sum(map(len, targets.values())) < len(shown.pairs):
        return seed_difference(by_seed.tolist())
    return crossed_difference([np.sum(arrays, axis=0) for arrays in targets.values()])


def _items(place: TableValues, variant: str, pair: str, seeds: Sequence[int], base: str) -> Items | None:
    """Differences of errors by seed and test item; None where they are not stored, or seeds have other test items."""
    if place.metric != BY_ITEM:
        return None
    rows = [_item_row(place, place.by_spot[variant, pair][seed], base) for seed in seeds]
    found = [row for row in rows if row is not None]
    if len(found) < len(rows) or len({row.shape for row in found}) != 1:
        return None
    return np.stack(found) if _same_test_items(place, variant, pair) else None


def _same_test_items(place: TableValues, variant: str, pair: str) -> bool:
    """Whether all seeds are tested on the same items: own data may draw their splits anew for each."""
    records = (place.result_set.records.get(cell.run_key) for cell in place.by_spot[variant, pair].values())
    return len({record.spec.revisions[record.target] for record in records if record is not None}) == 1


def _item_row(place: TableValues, cell: PlannedCell, name: str) -> Items | None:
    ours = place.correct(cell.run_key, reference=cell.role == "reference")
    base = place.correct(cell.references.get(name, ""), reference=True)
    if ours is None or base is None or ours.shape != base.shape:
        return None
    return base.astype(np.int8) - ours.astype(np.int8)
