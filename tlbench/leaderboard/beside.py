"""Where one run stands beside its references, which have its seed, its splits and its budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlbench.leaderboard.cells import Scale
from tlbench.leaderboard.sanity import last_accuracy
from tlbench.record import Record

#: What the difference to a reference is called in a setting; a gain has the sign of accuracies, a gap that of errors.
_NAMES = {
    ("transductive", "source-only"): "adaptation gap",
    ("inductive", "without-source"): "NTG",
    ("inductive", "target-only"): "gain",
}


def beside(record: Record, references: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """By the name of each reference its accuracy at the last step, the gap to it and its run key."""
    for name, key in record.references.items():
        yield name, f"{_stand(record, name, references.get(name))}; run {key}"


def _stand(record: Record, name: str, reference: Record | None) -> str:
    if reference is None:
        return "no record"
    ours, theirs = last_accuracy(record), last_accuracy(reference)
    if theirs is None:
        return (
            f"{reference.status}: {reference.reason or (reference.error.message if reference.error else 'no accuracy')}"
        )
    text = f"accuracy {theirs:.4f}"
    difference = _NAMES.get((record.setting, name))
    if ours is None or difference is None:
        return text
    value = ours - theirs if difference == "gain" else theirs - ours
    return f"{text}, {difference} {Scale().text(value, signed=True)} points"
