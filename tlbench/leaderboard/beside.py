"""Where one run stands beside its references, which have its seed, its splits and its budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlbench.leaderboard.cells import Scale, metric_name
from tlbench.leaderboard.sanity import last_score
from tlbench.record import Record
from tlbench.spec import CLUSTERING

#: What the difference to a reference is called in a setting; a gain has the sign of accuracies, a gap that of errors.
_NAMES = {
    ("transductive", "source-only"): "adaptation gap",
    ("inductive", "without-source"): "NTG",
    ("inductive", "target-only"): "gain",
    ("unsupervised", "without-source"): "gap to alone",
}


def beside(record: Record, references: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """By the name of each reference its accuracy at the last step, of clusters in `unsupervised`, and the gap to it."""
    metric = CLUSTERING[0] if record.setting == "unsupervised" else "accuracy"
    for name, key in record.references.items():
        yield name, f"{_stand(record, name, references.get(name), metric)}; run {key}"


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
