"""What is said of a submission by what is here: the suite planned anew, the data, the labels, and some runs again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlbench.data.domain_view import DomainView
from tlbench.leaderboard.analysis.result_set import PlanHeader, as_number
from tlbench.records.json_lines import compact
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import Record
from tlbench.submission.file_checks import Note, Submission
from tlbench.verification.run_sample import CONTENT, MatchedRun, planned_for

if TYPE_CHECKING:
    from tlbench.runner.prepare import PreparedSuite

#: What of a run may be another here: where it was computed, and the version of its strategy, as that of a package which
#: was installed for editing there. Whether the numbers are the same, the runs that are made again say.
MAY_DIFFER = (CONTENT["compute"], CONTENT["strategy_version"])
#: Metrics of which the predicted classes are all that there is to know.
OF_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1", "macro_recall", "macro_precision", "clustering_accuracy")
#: What of a plan makes its tables.
_TABLES = ("dataset", "primary_metric", "metrics", "selection", "seeds", "claims", "test_examples")


@dataclass(frozen=True)
class LocalSubmission:
    """A submission beside its suite as it is planned here."""

    submission: Submission
    ready: PreparedSuite

    @cached_property
    def planned(self) -> dict[str, MatchedRun]:
        """By submitted run key the run with that which stands for it here."""
        whole = self.ready.whole
        return {key: planned_for(record, whole) for key, record in self.submission.records.items()}

    def key_here(self, key: str) -> str:
        """The key that a submitted run has here; its own where there is none."""
        planned = self.planned.get(key)
        return planned.run.spec.key if planned and planned.run else key


CheckHere = Callable[[LocalSubmission], Iterator[str]]


def same_suite(here: LocalSubmission) -> Iterator[str]:
    """The runs are those that the suite asks for: none left out, added, of another recipe, or said not to apply."""
    answered = set()
    for key, planned in here.planned.items():
        record, run = planned.record, planned.run
        if run is None:
            yield f"run {key} ({_name(record)}): the suite, as it is here, has no such run"
            continue
        answered.add(run.spec.key)
        if (record.status == "skipped") != bool(run.skip):
            yield f"run {key} ({_name(record)}) is {record.status}, and here {run.skip or 'it applies'}"
        if others := [words for words in planned.differs if words not in {*MAY_DIFFER, CONTENT["revisions"]}]:
            yield f"run {key} ({_name(record)}): another {', '.join(others)} than here"
    other = {words for one in here.planned.values() for words in one.differs if words in MAY_DIFFER}
    yield from (Note(f"another {words} than here") for words in sorted(other))
    for key, run in here.ready.whole.runs.items():
        if key not in answered:
            spec = run.spec
            yield f"left out: {run.variant} on {spec.pair}, {spec.setting}, seed {spec.seed}; the suite asks for it"


def same_plan(here: LocalSubmission) -> Iterator[str]:
    """Tables are made by the plan: its cells, their references, metrics and protocol are those of the suite here."""
    own, submitted = PlanHeader.model_validate(here.ready.whole.to_json()), here.submission.result_set.plan
    for name in _TABLES:
        if getattr(own, name) != getattr(submitted, name):
            yield f"plan.json: {name} is another than that of the suite here"
    cells = {_cell(cell, lambda key: key): cell for cell in own.cells}
    there = {_cell(cell, here.key_here): cell for cell in submitted.cells}
    for which, these, those in (("not the suite's", there, cells), ("missing", cells, there)):
        for text in these.keys() - those.keys():
            cell = these[text]
            place = f"{cell.variant} on {cell.pair}, {cell.setting}, seed {cell.seed}"
            yield f"plan.json: {place}: this cell, with its references, is {which}"
    for key, planned in here.planned.items():
        if planned.run is not None and planned.run.references != _translated(planned.record.references, here.key_here):
            yield f"run {key} ({_name(planned.record)}): its references are others than here"


def same_data(here: LocalSubmission) -> Iterator[str]:
    """The revision of every domain is that of the data here."""
    specs = [record.spec for record in here.submission.records.values()]
    claimed = dict.fromkeys((DomainView.of(spec), *item) for spec in specs for item in spec.revisions.items())
    for view, name, revision in claimed:
        own = here.ready.domains.get(name, view).revision
        if own != revision:
            yield f"domain {name!r} has the revision {revision}, and {own} here"


def same_scores(here: LocalSubmission) -> Iterator[str]:
    """Scores at a run's last step are those which its predictions have with the labels here."""
    metrics = {name: here.ready.host.find("metrics", name)[0].load() for name in OF_CLASSES}
    for key, record in here.submission.records.items():
        if record.status != "ok":
            continue
        predicted = here.submission.predictions.get(key)
        if predicted is None:
            yield f"run {key}: its predictions are not in the folder"
            continue
        said = {name: value for name, value in record.metrics.get("last", {}).items() if name in metrics}
        logits, labels = _certain(here, record, predicted)
        if logits is None:
            yield f"run {key}: its predictions are no classes of the {len(labels)} items that the test split has here"
            continue
        for name, value in said.items():
            ours = as_number(metrics[name](labels, logits))
            if ours is None or as_number(value) is None or abs(float(value) - ours) > _ROUNDING:
                yield f"run {key}: {name} {value} is recorded, and its predictions have {ours} with the labels here"
        if not said:
            yield f"run {key}: none of {', '.join(OF_CLASSES)} is recorded for its last step"
    yield from _not_recomputed(here)


def _not_recomputed(here: LocalSubmission) -> Iterator[Note]:
    """What the predictions of the last step do not say; the runs that are made again have it."""
    records = [record for record in here.submission.records.values() if record.status == "ok"]
    names = {name for record in records for name in record.metrics["last"]} - {*OF_CLASSES, "checkpoint"}
    earlier = sum(any(m["checkpoint"] != r.checkpoints[-1] for m in r.metrics.values()) for r in records)
    parts = [", ".join(sorted(names))] if names else []
    parts += [f"the scores of earlier checkpoints ({earlier} runs)"] if earlier else []
    if parts:
        yield Note(f"not recomputed: {' and '.join(parts)}; the sample has them")


#: Sums in another order make smaller differences.
_ROUNDING = 1e-9
#: In the order in which they are said.
CHECKS_HERE: Mapping[str, CheckHere] = MappingProxyType(
    {"suite": same_suite, "plan": same_plan, "data": same_data, "scores": same_scores}
)


def _certain(
    here: LocalSubmission, record: Record, predicted: NDArray[Any]
) -> tuple[NDArray[np.float64] | None, NDArray[np.int64]]:
    """Predicted classes as logits (n, classes), for metrics that read no more than the class; and the labels (n,)."""
    target = here.ready.domains.get(record.target, DomainView.of(record.spec))
    labels, classes = target.labels("test"), len(target.class_names)
    whole = predicted.shape == labels.shape and np.issubdtype(predicted.dtype, np.integer)
    if not whole or predicted.min(initial=0) < 0 or predicted.max(initial=0) >= classes:
        return None, labels
    return np.eye(classes)[predicted.astype(np.int64)], labels


def _cell(cell: PlannedCell, key_here: Callable[[str], str]) -> str:
    """A cell as a text, with the keys that its runs have here. Recipes are those of its run."""
    plain = cell.model_dump(mode="json", exclude={"recipe"})
    keys = {"run_key": key_here(cell.run_key), "references": _translated(cell.references, key_here)}
    return compact(plain | keys)


def _translated(references: Mapping[str, str], key_here: Callable[[str], str]) -> dict[str, str]:
    return {name: key_here(key) for name, key in references.items()}


def _name(record: Record) -> str:
    return f"{record.variant} on {record.spec.pair}, {record.setting}, seed {record.seed}"
