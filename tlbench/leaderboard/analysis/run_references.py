"""Where one run stands beside its references, which have its seed, its splits and its budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlbench.core.run_spec import CLUSTERING, label_budget
from tlbench.leaderboard.analysis.result_set import PlanHeader, as_number
from tlbench.leaderboard.analysis.sanity import last_score
from tlbench.leaderboard.analysis.table_values import TWIN
from tlbench.leaderboard.claims.matching import named_budget
from tlbench.leaderboard.tables.cells import Scale, metric_name
from tlbench.records.record import Record
from tlbench.suites.claims import Claim

#: What the difference to a reference is called in a setting; a gain has the sign of accuracies, a gap that of errors.
_NAMES = {
    ("transductive", "source-only"): "adaptation gap",
    ("transductive", TWIN): "adaptation gap",
    ("inductive", "without-source"): "NTG",
    ("inductive", "target-only"): "gain",
    ("unsupervised", "without-source"): "gap to alone",
}


def beside(record: Record, references: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """By the name of each reference its accuracy at the last step, of clusters in `unsupervised`, and the gap to it."""
    metric = CLUSTERING[0] if record.setting == "unsupervised" else "accuracy"
    for name, key in record.references.items():
        yield name, f"{_stand(record, name, references.get(name), metric)}; run {key}"


def beside_published(record: Record, plan: PlanHeader) -> Iterator[tuple[str, str]]:
    """By metric each figure that was published for a run's pair, and how far the run, one seed, is from it."""
    scores = record.metrics.get(plan.selection, {}) if record.status == "ok" else {}
    variants = {cell.variant for cell in plan.cells}
    for claim in plan.claims:
        ours = as_number(scores.get(claim.metric))
        # As in tables, a figure of a strategy is about every variant of it unless one bears its name.
        names = {record.variant} if claim.strategy in variants else {record.variant, record.strategy}
        if ours is not None and claim.strategy in names and _is_about(claim, record):
            scale = Scale.of(claim.metric, [ours, claim.value])
            off = f"{scale.text(ours - claim.value, signed=True)}{scale.unit}"
            differs = f"; the protocol differs: {claim.differs}" if claim.differs else ""
            yield metric_name(claim.metric), f"{claim.value:g} ({claim.citation}), this run {off}{differs}"


def _is_about(claim: Claim, record: Record) -> bool:
    """Whether a claim is about a run, but for the name of its strategy."""
    same = ("dataset", "backbone", "setting", "target")
    budget = label_budget(record.shots).removeprefix(", ")
    return (
        all(getattr(claim, name) == getattr(record, name) for name in same)
        and claim.pair[0] == frozenset(record.source)
        and named_budget(claim) in (None, budget)
    )


def _stand(record: Record, name: str, reference: Record | None, metric: str) -> str:
    if reference is None:
        return "no record"
    ours, theirs = last_score(record, metric), last_score(reference, metric)
    if theirs is None:
        return (
            f"{reference.status}: {reference.reason or (reference.error.message if reference.error else 'no accuracy')}"
        )
    text = f"{metric_name(metric)} {theirs:.4f}"
    difference = _NAMES.get((record.setting, name))
    if ours is None or difference is None:
        return text
    value = ours - theirs if difference == "gain" else theirs - ours
    return f"{text}, {difference} {Scale().text(value, signed=True)} points"
