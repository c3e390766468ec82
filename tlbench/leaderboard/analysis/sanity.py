"""Doubts about the runs themselves: references that contradict each other, or what has been published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tlbench.evaluation.statistics import Estimate, paired_difference
from tlbench.leaderboard.analysis.result_set import as_number
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CEILING, TRIVIAL, CellKey
from tlbench.leaderboard.claims.matching import is_about_pair
from tlbench.leaderboard.tables.cells import FLAGGED
from tlbench.records.record import Record
from tlbench.suites.claims import Claim

#: Closer to a published figure than this, other seeds, splits or versions of a library explain the difference.
FAR = 0.05


@dataclass(frozen=True)
class Sanity:
    """The lines under a table, and the rows on pairs that bear the mark."""

    lines: list[str]
    spots: frozenset[CellKey]

    def marks(self, variant: str, pair: str | None = None) -> tuple[str, ...]:
        """The mark of a variant on a pair, or of its row."""
        found = any(name == variant and pair in (None, where) for name, where in self.spots)
        return (FLAGGED,) if found else ()


def sanity(place: TableGroup, strategy: str | None = None) -> Sanity:
    """What is doubtful in one table; of its strategies, in one that is about a single one."""
    low = _low_oracles(place)
    lines = [f"{FLAGGED} oracle is below source-only on {', '.join(low)}"] if low else []
    spots = {(CEILING, pair) for pair in low}
    above = dict(_above_oracle(place, place.strategies if strategy is None else [strategy]))
    if above:
        named = ", ".join(
            f"{name} on {pair} ({place.scale.text(by, signed=True)}{place.scale.unit})"
            for (name, pair), by in above.items()
        )
        lines.append(f"{FLAGGED} above oracle, which is trained on all target labels: {named}")
        spots |= set(above)
    if trivial := _trivial_oracles(place):
        lines.append(f"{FLAGGED} {'; '.join(trivial.values())}: {_WORTHLESS}")
        spots |= {(CEILING, pair) for pair in place.pairs if _target(pair) in trivial}
    for (variant, pair), found, claim in _far_from_published(place):
        ours, theirs = place.scale.text(found.mean), place.scale.text(claim.value)
        lines.append(f"{FLAGGED} {variant} on {pair} is {ours}, published {theirs} ({claim.citation})")
        spots.add((variant, pair))
    return Sanity(lines, frozenset(spots))


def _low_oracles(place: TableGroup) -> list[str]:
    """The pairs on which the ceiling lies below what it should bound, which points to a fault of the runs."""
    # A worse calibration of the ceiling, say, is no fault.
    if place.scale.lower_is_better or not {"source-only", CEILING} <= set(place.variants):
        return []
    found = {pair: (place.at(CEILING, pair), place.at("source-only", pair)) for pair in place.pairs}
    return [pair for pair, (top, low) in found.items() if top and low and top.mean < low.mean]


def _above_oracle(place: TableGroup, strategies: Sequence[str]) -> Iterator[tuple[CellKey, float]]:
    """The strategies that beat the ceiling of their cells, with how much: by chance, by a fault, or by labels seen."""
    if place.scale.lower_is_better or CEILING not in place.variants:
        return
    for pair in place.pairs:
        top = place.at(CEILING, pair)
        for variant in strategies:
            found = place.at(variant, pair)
            if top is not None and found is not None and found.mean > top.mean:
                yield (variant, pair), found.mean - top.mean


_WORTHLESS = "all target labels, with this backbone and recipe, give no more than the most frequent class"


def _trivial_oracles(place: TableGroup) -> dict[str, str]:
    """The targets on which the ceiling is not shown to be above what the most frequent class gives, in words.

    Both are one run for each target, seed and backbone, whatever the source.
    """
    if not {TRIVIAL, CEILING} <= set(place.variants):
        return {}
    pairs = {_target(pair): pair for pair in place.pairs}
    return {target: text for target, pair in pairs.items() if (text := _trivial(place, target, pair))}


def _trivial(place: TableGroup, target: str, pair: str) -> str:
    """`oracle is not above majority on north (55.0 against 72.9)`; empty where it is above, or a run is missing."""
    top, floor = place.at(CEILING, pair), place.at(TRIVIAL, pair)
    ours, theirs = place.errors(CEILING, pair), place.errors(TRIVIAL, pair)
    if top is None or floor is None or ours.keys() != theirs.keys():
        return ""
    above = paired_difference([theirs[seed] for seed in ours], list(ours.values()))
    if above.mean > (above.half_width or 0.0):
        return ""
    shown = "is not" if above.mean <= 0 else "is not shown to be"
    better = "below" if place.scale.lower_is_better else "above"
    numbers = f"{place.scale.text(top.mean)} against {place.scale.text(floor.mean)}"
    return f"{CEILING} {shown} {better} {TRIVIAL} on {target} ({numbers})"


def _target(pair: str) -> str:
    return pair.rpartition(":")[2]


def _far_from_published(place: TableGroup) -> Iterator[tuple[CellKey, Estimate, Claim]]:
    """The references that lie far from a claim.

    Figures hold for the suite's own selection alone, and points are a measure of fractions alone.
    """
    if not place.scale.percent or place.selection != place.result_set.plan.selection:
        return
    for claim in place.result_set.plan.claims:
        for pair in place.pairs:
            found = place.at(claim.strategy, pair) if _is_about(claim, place, pair) else None
            if found is not None and _is_far(found, claim.value):
                yield (claim.strategy, pair), found, claim


def _is_far(found: Estimate, published: float) -> bool:
    # With fewer than three seeds there is no interval, and the points alone decide.
    return abs(found.mean - published) > max(FAR, found.half_width or 0.0)


def _is_about(claim: Claim, place: TableGroup, pair: str) -> bool:
    """Whether a claim is about a reference of this table on this pair, by the protocol that the suite follows."""
    return (
        not claim.differs
        and claim.strategy in (*place.baselines, *place.ceiling)
        and claim.dataset == place.result_set.plan.dataset
        and claim.backbone == place.cells[0].backbone
        and claim.metric == place.metric
        and is_about_pair(claim, pair)
        and _same_labels(claim, place)
    )


def _same_labels(claim: Claim, place: TableGroup) -> bool:
    """Whether the reference's number is that of the claim's setting, whatever table it stands in."""
    if claim.strategy == "source-only":  # one run in every table, and no target label in it
        return claim.setting == "transductive"
    if claim.strategy == CEILING:  # one run in every table
        return True
    # A claim names no label budget, so of several none is known to be meant.
    budgets = {cell.shots for cell in place.result_set.cells if cell.setting == place.setting}
    return claim.setting == place.setting and len(budgets) == 1


def oracle_below_source_only(references: Mapping[str, Record]) -> str | None:
    """What is wrong with one run's own references, which have its seed; None where nothing is."""
    top, low = (last_score(references.get(name)) for name in (CEILING, "source-only"))
    if top is None or low is None or top >= low:
        return None
    return f"oracle is below source-only: accuracy {top:.4f} against {low:.4f} with the same seed"


def last_score(record: Record | None, metric: str = "accuracy") -> float | None:
    """A run's score at its last step; None where it has none."""
    return as_number(record.metrics.get("last", {}).get(metric)) if record and record.status == "ok" else None
