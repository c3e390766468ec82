"""What is said of a submission by what is here: the suite planned anew, the data, the labels, and some runs again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlbench.leaderboard.frame import as_number
from tlbench.record import Record
from tlbench.submission.checks import Submission
from tlbench.verification.sampling import CONTENT, Planned, planned_for

if TYPE_CHECKING:
    from tlbench.cli.preparing import Ready

#: What of a run may be another here: where it was computed, and with which version of its strategy.
_MAY_DIFFER = {CONTENT["compute"]}


@dataclass(frozen=True)
class Here:
    """A submission beside its suite as it is planned here."""

    submission: Submission
    ready: Ready

    def planned(self) -> Iterator[Planned]:
        """Each submitted run with the run that stands for it here."""
        return (planned_for(record, self.ready.whole) for record in self.submission.records.values())


CheckHere = Callable[[Here], Iterator[str]]


def same_suite(here: Here) -> Iterator[str]:
    """The runs are those that the suite asks for: none is left out, none is added, none has another recipe."""
    answered = set()
    for planned in here.planned():
        record = planned.record
        if planned.run is None:
            if record.status != "skipped":
                yield f"run {record.run_key} ({_name(record)}): the suite, as it is here, has no such run"
            continue
        answered.add(planned.run.spec.key)
        if others := [words for words in planned.differs if words not in {*_MAY_DIFFER, CONTENT["revisions"]}]:
            yield f"run {record.run_key} ({_name(record)}): another {', '.join(others)} than here"
    for key, run in here.ready.whole.runs.items():
        if key not in answered and not run.skip:
            spec = run.spec
            yield f"left out: {run.variant} on {spec.pair}, {spec.setting}, seed {spec.seed}; the suite asks for it"


def same_data(here: Here) -> Iterator[str]:
    """The revision of every domain is that of the data here."""
    specs = [record.spec for record in here.submission.records.values()]
    claimed = dict.fromkeys((spec.evaluation, *item) for spec in specs for item in spec.revisions.items())
    for evaluation, name, revision in claimed:
        own = here.ready.domains.get(name, evaluation).revision
        if own != revision:
            yield f"domain {name!r} has the revision {revision}, and {own} here"


def same_scores(here: Here) -> Iterator[str]:
    """The score of every run's last step is that which its predictions have with the labels here."""
    for key, record in here.submission.records.items():
        if record.status != "ok":
            continue
        predicted = here.submission.predictions.get(key)
        if predicted is None:
            yield f"run {key}: its predictions are not in the folder"
            continue
        metric = "clustering_accuracy" if record.setting == "unsupervised" else "accuracy"
        said = as_number(record.metrics.get("last", {}).get(metric))
        ours = _rescored(here, record, predicted, metric)
        if ours is None:
            yield f"run {key}: predictions of {len(predicted)} items, and the test split has another number here"
        elif said is None or abs(said - ours) > 1e-9:
            yield f"run {key}: {metric} {said} is recorded, and its predictions have {ours} with the labels here"


#: In the order in which they are said.
CHECKS_HERE: Mapping[str, CheckHere] = MappingProxyType({"suite": same_suite, "data": same_data, "scores": same_scores})


def _rescored(here: Here, record: Record, predicted: NDArray[Any], metric: str) -> float | None:
    target = here.ready.domains.get(record.target, record.spec.evaluation)
    labels, classes = target.labels("test"), len(target.class_names)
    if predicted.shape != labels.shape or predicted.max(initial=0) >= classes:
        return None
    certain = np.eye(classes)[predicted.astype(np.int64)]  # as logits: the class is all that these metrics read
    return as_number(here.ready.host.find("metrics", metric)[0].load()(labels, certain))


def _name(record: Record) -> str:
    return f"{record.variant} on {record.spec.pair}, {record.setting}, seed {record.seed}"
