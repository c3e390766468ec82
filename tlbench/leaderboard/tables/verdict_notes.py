"""The lines under a table on its gaps: what they are, what harmed, and how verdicts are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tlbench.evaluation.gaps import count_verdicts
from tlbench.evaluation.statistics import MIN_SEEDS, PairedTest
from tlbench.evaluation.verdicts import Verdict
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CellKey
from tlbench.leaderboard.tables.cells import (
    HELPS,
    HURTS,
    NO_MATTER,
    UNKNOWN,
    Column,
    Scale,
    count,
)
from tlbench.leaderboard.tables.notes import row_on

_PLURAL: Mapping[Verdict, str] = {"helps": "help", "hurts": "hurt"}
MARKS_OF_VERDICTS = f"({HELPS} helps, {HURTS} hurts, {NO_MATTER} no matter, {UNKNOWN} unknown)"
FEW_SEEDS = f"fewer than {MIN_SEEDS} seeds: no intervals, no verdicts"
GAP_NAMES = {"transductive": "adaptation gap", "inductive": "NTG", "unsupervised": "gap to alone"}
GAP_MEANINGS = {
    "transductive": "adaptation gap: error minus that of source-only; above 0, adapting hurt.",
    "unsupervised": "gap to alone: error minus that of the same algorithm on target inputs alone (from random weights, "
    "where weights are the source); above 0, the source hurt. Clusters are matched to classes on the test split; the "
    "last step alone is scored.",
    "inductive": "NTG (negative-transfer gap): error minus that of the same algorithm without the source; above 0, "
    "the source hurt.",
}
#: In place of verdicts.
SOURCE_UNUSED = "no source"
GAIN_MEANING = "Gain: error of target-only minus that of the strategy."


def unused_source(place: TableGroup, only: str | None = None) -> list[str]:
    """The strategies for which the source is nothing, so that there is no gap to take."""
    found = {name: place.unused_source(name) for name in place.strategies if only in (None, name)}
    rows = [row_on(name, pairs, len(place.planned_pairs(name))) for name, pairs in found.items() if pairs]
    if not rows:
        return []
    return [f"{SOURCE_UNUSED}: with this backbone the result is the same whatever the source: {'; '.join(rows)}"]


def harm(place: TableGroup, only: str | None = None) -> list[str]:
    """The lines that name every cell that hurts and every failed training, and count the verdicts.

    `only`: of the cells of this variant.
    """
    gaps = {spot: gap for spot, gap in place.gaps.items() if only in (None, spot[0])}
    if not gaps:
        return []
    listing = hurt(place, only)
    lines = [f"hurts: {listing}" if listing else "no cell is shown to hurt"]
    return [*lines, *_failed(place, only), _counts(place, gaps)]


def _failed(place: TableGroup, only: str | None) -> list[str]:
    """Trainings that failed are neither harm nor help."""
    found: dict[str, list[str]] = {}
    for failed in place.failed_trainings.values():
        if (failed.variant, failed.pair) in place.gaps and only in (None, failed.variant):
            seeds = f"{len(failed.seeds)} of {count(failed.of, 'seed')}"
            found.setdefault(failed.variant, []).append(f"{failed.pair} ({seeds})")
    if not found:
        return []
    listing = "; ".join(f"{variant} on {', '.join(pairs)}" for variant, pairs in found.items())
    return [
        f"training failed: {listing}. A run, the strategy's or its source-only, has an accuracy on the source's test "
        "data below half of the way from chance to the median of source-only; such a cell says nothing of transfer."
    ]


def hurt(place: TableGroup, only: str | None = None, of: Sequence[CellKey] | None = None) -> str:
    """Every cell that hurts, of one variant where `only` names it, with its gap; empty where there is none.

    `of`: of these cells alone.
    """
    by_variant: dict[str, list[str]] = {}
    for (variant, pair), gap in place.gaps.items():
        asked = only in (None, variant) and (of is None or (variant, pair) in of)
        if gap and asked and place.verdicts[variant, pair] == "hurts":
            by_variant.setdefault(variant, []).append(f"{pair} ({points(place.scale, gap)})")
    return "; ".join(f"{variant} on {', '.join(pairs)}" for variant, pairs in by_variant.items())


def _counts(place: TableGroup, gaps: Mapping[CellKey, PairedTest | None]) -> str:
    found = count_verdicts({spot: verdict for spot, verdict in place.verdicts.items() if spot in gaps}, gaps)
    parts = [f"{number} {_PLURAL.get(verdict, verdict)}" for verdict, number in found.counts.items() if number]
    parts += [f"{found.missing} missing"] if found.missing else []
    worst = gaps.get(found.worst) if found.worst else None
    last = ""
    if worst is not None and found.worst is not None:
        last = f"; worst pair: {_spot(found.worst)} ({points(place.scale, worst)})"
    return f"of {count(len(gaps), 'cell')}: {', '.join(parts)}{last}"


def not_adapting(place: TableGroup) -> list[str]:
    """The strategies that read nothing of the target, whose difference from the reference is no gap."""
    names = [name for name in place.rows if name in place.strategies and name not in place.adapting]
    if not names:
        return []
    verb = "reads" if len(names) == 1 else "read"
    return [
        f"( ) {', '.join(names)}: {verb} no target input, so the difference from {place.base} is one between "
        "classifiers of the same source and no effect of transfer; its interval is over seeds alone, without a verdict"
    ]


def failed_rows(place: TableGroup, columns: Sequence[Column]) -> list[str]:
    """The rows whose mean gap is over a pair on which the training failed."""
    names = [name for name in place.adapting if any(name == variant for variant, _ in place.failed_trainings)]
    if not names or all(column.name != "gap" for column in columns):
        return []
    return [
        f"( ) {', '.join(names)}: the mean is over failed trainings too, so the difference is no effect of transfer; "
        "no verdict on the strategy, no share of the gap"
    ]


def _spot(spot: CellKey) -> str:
    return f"{spot[0]} on {spot[1]}"


def points(scale: Scale, gap: PairedTest) -> str:
    """A gap in a sentence: `+3.0 points ± 0.2`."""
    text = scale.text(gap.mean, signed=True) + scale.unit
    return text if gap.half_width is None else f"{text} ± {scale.text(gap.half_width)}"


def gap_meaning(place: TableGroup, *, gain: bool = False) -> str:
    """What the gap of a setting is, and its unit; with `gain` what that is too, where the setting has it."""
    gained = f" {GAIN_MEANING}" if gain and place.setting == "inductive" else ""
    return (
        GAP_MEANINGS[place.setting] + _twins(place) + gained + (" Gaps are in points." if place.scale.percent else "")
    )


def _twins(place: TableGroup) -> str:
    """To what the gaps of strategies are taken that name the same without adapting."""
    if not place.twins:
        return ""
    listing = ", ".join(f"that of {variant} is to {twin}" for variant, twin in place.twins.items())
    return f" Where a strategy names the same without adapting, its gap is to that: {listing}."


def verdict_note(place: TableGroup, *, gain: bool = True) -> list[str]:
    """How verdicts on cells are made, or that there are none."""
    meaning = [gap_meaning(place, gain=gain)] if place.gaps else []
    if place.few_seeds:
        return [*meaning, FEW_SEEDS]
    if not place.gaps:
        return []
    tested = [found.test for found in place.family.values() if found.test is not None]
    return [
        *meaning,
        f"Verdicts on pairs {MARKS_OF_VERDICTS}: {rule(place, count(len(tested), 'cell'))} {sampled(place)}",
    ]


def rule(place: TableGroup, family: str) -> str:
    """When a cell is said to help, hurt or not to matter."""
    region = place.scale.text(place.result_set.plan.rope) + place.scale.unit
    return (
        f"no matter: the 90 % interval lies within ± {region}. helps, hurts: not so, and shown at a false-discovery "
        f"rate of 5 % over {family}: an exploration, no confirmation."
    )


def sampled(place: TableGroup) -> str:
    """What intervals of gaps cover."""
    if place.counts_items:
        return "Intervals of gaps cover seeds and test items; the variance from seeds is moderated over the table."
    return (
        "Intervals of gaps cover seeds alone, not the choice of test items; their variance is moderated over the table."
    )


def row_verdict_note(place: TableGroup, columns: Sequence[Column]) -> list[str]:
    """How the verdict of a row is made, and what the probability of harm is."""
    names = {column.name for column in columns}
    lines = []
    tests = sum(found.test is not None for found in place.row_family.values())
    if "verdict" in names and tests:
        several = len(place.pairs) > 1
        over = "of the mean over pairs" if several else "on the pair"
        family = f", Holm-corrected over {tests} strategies, family-wise 5 %" if tests > 1 else " at 5 %"
        lines.append(
            f"Verdict on a strategy: one test {over}{family}. It is about {'these pairs' if several else 'this pair'}, "
            f"with other seeds{' and test items' if place.counts_items else ''}.{_hidden_by_means(place)}"
        )
    if "harm" in names:
        region = place.scale.text(place.result_set.plan.rope) + place.scale.unit
        lines.append(
            f"P(harm): estimate of the probability that a new pair of this kind is hurt by more than {region}, with "
            "its 95 % interval; it takes the pairs for a sample, and is too narrow where they share domains."
        )
    if "closed" in names:
        lines.append(
            "gap closed: of the gap between source-only and oracle, 95 % interval by bootstrap over seeds alone."
        )
    return lines


def _hidden_by_means(place: TableGroup) -> str:
    """That a mean may not matter because its pairs are helped and hurt."""
    found = [name for name, decision in place.row_decisions.items() if decision.verdict == "no matter"]
    mixed = [name for name in found if {"helps", "hurts"} & {v for (n, _), v in place.verdicts.items() if n == name}]
    return f" A mean that does not matter hides pairs that are helped or hurt: {', '.join(mixed)}." if mixed else ""
