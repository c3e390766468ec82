"""From what a worker hands back to a record. Labels are read here, and only to score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.probabilities import softmax
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import PluginFailure
from tlbench.evaluation.scoring import HostLabels, Metric, reverse_score, score_run
from tlbench.evaluation.validators.mixed_inputs import mixture_count
from tlbench.execution.device import Machine
from tlbench.execution.handed_back import HandedBack, UnusableOutput
from tlbench.execution.job import PREDICTED, Items, Job
from tlbench.execution.output_arrays import Expected, read_arrays
from tlbench.execution.sandbox import Sandbox
from tlbench.execution.source_model_cache import SourceModels
from tlbench.planning.plan import PlannedRun
from tlbench.plugins.manager import PluginHost
from tlbench.records.provenance import provenance
from tlbench.records.record import (
    REVERSE_PHASE,
    Cost,
    ModelSize,
    PeakMemory,
    Record,
    Seconds,
    Seen,
    Throughput,
    new_record,
)
from tlbench.records.result_folder import FEATURES_OF, probabilities_name

#: Probabilities of one checkpoint are stored up to this size (float32): 160,000 items of 100 classes are.
PROBABILITIES_BYTES = 64 * 2**20


class Recorder:
    """Makes the records of one session. `selection` is the suite's own protocol."""

    def __init__(
        self,
        host: PluginHost,
        domains: DomainStore,
        models: SourceModels,
        metrics: Mapping[str, Metric],
        machine: Machine,
        trusted: Sequence[str] = (),
        keep_features: bool = False,
        selection: str = "last",
        sandbox: Sandbox | None = None,
    ) -> None:
        self._host = host
        self._domains = domains
        self._models = models
        self._metrics = metrics
        self._machine = machine
        self._trusted = list(trusted)
        self._keep_features = keep_features
        self._selection = selection
        self._sandbox = sandbox

    def scored(
        self, run: PlannedRun, job: Job, output: dict[str, Any], handed: HandedBack
    ) -> tuple[Record, dict[str, NDArray[Any]]]:
        """The record of a run that handed back its outputs, and its predicted classes by checkpoint.

        Probabilities are there for the checkpoint of the suite's selection protocol and for the last one.

        Raises whatever a metric raises, and `ValueError` or `FloatingPointError` for outputs that cannot be scored.
        """
        if not output["steps"] or output["inference_examples_per_second"] is None:
            raise UnusableOutput("the run says neither its steps nor how fast it predicts")
        held = self._held(run, job)
        arrays = read_arrays(handed, [f"{step}/" for step in output["steps"]], self._expected(run, job, held))
        metrics = {name: self._metrics[name] for name in run.metrics}
        score = score_run(arrays, output["steps"], held, metrics, run.spec.setting)
        record = new_record(
            run.spec,
            run.variant,
            "ok",
            run.references,
            metrics=score.metrics,
            selection=score.selection,
            checkpoints=output["steps"],
            throughput=Throughput(
                train_examples_per_second=output["train_examples_per_second"],
                inference_examples_per_second=output["inference_examples_per_second"],
                by_steps=output["by_steps"],
            ),
            peak_memory=PeakMemory(device_mib=output["device_mib"], host_mib=output["host_mib"]),
            seconds=Cost(own=Seconds(**output["seconds"])),
            seen=[Seen(**seen) for seen in output["seen"]],
            curve=_with_source_val(output["curve"], score.selection.get("source-val"), output["steps"]),
            model=None if output["model"] is None else ModelSize(**output["model"]),
            flags=score.flags,
            notes=output["notes"],
        )
        if run.needs_source_model:
            self._add_shared(record, run)
        self._add_preparation(record, run)
        self._add_health(record)
        self._add_probabilities(record, arrays, score.predictions)
        if PREDICTED in arrays:
            score.predictions[PREDICTED] = arrays[PREDICTED]
        if self._keep_features:
            score.predictions.update(self._features(run, job, arrays, output["steps"][-1]))
        return record, score.predictions

    def add_second_training(
        self, record: Record, run: PlannedRun, job: Job, output: dict[str, Any], handed: HandedBack
    ) -> None:
        """Take the second training of reverse validation into a run's record: its score, what it saw and took.

        Raises `UnusableOutput` and `FloatingPointError` for outputs that cannot be scored.
        """
        labels = self._labels_of(run, job)["source_val"]
        form = {"source_val": (len(labels), self._source_classes(run))}
        logits = read_arrays(handed, [""], Expected(form, ("source_val",), ()))["source_val/logits"]
        self._set_second_score(record, reverse_score(logits, labels))
        for seen in output["seen"]:  # predictions are no labels
            unlabelled = seen["labelled"] + seen["unlabelled"]
            counts = {"updates": seen["updates"], "labelled": 0, "unlabelled": unlabelled}
            record.seen.append(Seen(phase=f"{REVERSE_PHASE}{seen['phase']}", **counts))
        record.notes += [f"second training: {note}" for note in output["notes"]]
        record.seconds.own.selection = output["seconds"]["total"]
        record.seconds.own.total += output["seconds"]["total"]

    def add_failed_second_training(self, record: Record, how: str) -> None:
        """Note that there is nothing to choose by; predictions of a single class, say, leave nothing to train on."""
        self._set_second_score(record, None)
        record.notes.append(f"reverse-validation found nothing to choose by: the second training {how}")

    @staticmethod
    def _set_second_score(record: Record, score: float | None) -> None:
        """A score of the last step alone, so that it chooses among variants and not among checkpoints."""
        record.selection["reverse-validation"] = [*(None for _ in record.checkpoints[1:]), score]
        record.metrics["reverse-validation"] = record.metrics["last"]

    def _add_shared(self, record: Record, run: PlannedRun) -> None:
        """Add the phase that this run shares with others: what it cost and saw, counted in full for each user."""
        meta = self._models.meta(run.spec.source_model().key)
        record.seconds.shared = Seconds(**meta["seconds"])
        record.seen = [Seen(**seen) for seen in meta["seen"]] + record.seen
        record.curve = meta["curve"] + record.curve
        if record.throughput.train_examples_per_second is None:  # nothing but the shared phase was trained
            record.throughput.train_examples_per_second = meta["train_examples_per_second"]
            record.throughput.by_steps = meta["by_steps"]

    def _add_preparation(self, record: Record, run: PlannedRun) -> None:
        """Add what it took to prepare the inputs for the backbone, in full, as of all work that runs share."""
        spec = run.spec
        ready = [self._domains.get_for(spec.backbone, name, DomainView.of(spec)) for name in spec.domains]
        if seconds := sum(domain.prepared_seconds for domain in ready):
            record.seconds.shared.data += seconds
            record.seconds.shared.total += seconds

    def _add_health(self, record: Record) -> None:
        """Add what the strategy says of its training. A plugin that fails in this has done its run all the same."""
        try:
            found = self._host.calls.health(record.strategy, record.curve, record.params)
        except PluginFailure as error:
            record.notes.append(f"the health of {record.variant!r} is not known: {error}")
            return
        record.health = [item.text for item in found]
        record.flags += [item.text for item in found if not item.ok]

    def _add_probabilities(
        self, record: Record, arrays: Mapping[str, NDArray[Any]], predictions: dict[str, NDArray[Any]]
    ) -> None:
        """Add what `tlbench predictions` shows, of the checkpoints that are asked for, unless it would fill disks."""
        chosen = [record.metrics[name]["checkpoint"] for name in ("last", self._selection) if name in record.metrics]
        for step in dict.fromkeys(chosen):
            logits = arrays[f"{step}/test/logits"]
            if 4 * logits.size <= PROBABILITIES_BYTES:
                predictions[probabilities_name(step)] = softmax(logits).astype(np.float32)
            else:
                items, classes = logits.shape
                size = f"{4 * logits.size / 2**20:.0f} MiB, over {PROBABILITIES_BYTES / 2**20:.0f}"
                record.notes.append(
                    f"of {items} test items and {classes} classes no probabilities are stored ({size}), only classes"
                )

    def _expected(self, run: PlannedRun, job: Job, held: HostLabels) -> Expected:
        """The arrays that a run may hand back."""
        sides = {"source": self._source_classes(run), "target": held.classes}
        roles = {"test": (len(held.test), held.classes)}
        if held.source_test is not None:
            roles["source_test"] = (len(held.source_test), sides["source"])
        for role, parts in job.items.items():
            roles[role] = (sum(len(part.chosen) for part in parts), sides[role.partition("_")[0]])
        if "target_train" in roles:
            roles["target_mixed"] = (mixture_count(roles["target_train"][0]), sides["target"])
        target = self._domains.get(run.spec.target, DomainView.of(run.spec))
        inputs = target.counts["train" if run.spec.evaluation == "held-out" else "test"] if run.reverse else 0
        return Expected(roles, ("test",), tuple(job.items), inputs, held.classes, head_weights=True)

    def _source_classes(self, run: PlannedRun) -> int:
        """How many classes the sources have, which are the same for all of them; 0 without a source."""
        names = run.spec.source_domains
        return len(self._domains.get(names[0], DomainView.of(run.spec)).class_names) if names else 0

    def _held(self, run: PlannedRun, job: Job) -> HostLabels:
        """The labels that a run is scored by. Those of target training items are not among them."""
        view = DomainView.of(run.spec)
        domains = {name: self._domains.get(name, view) for name in run.spec.domains}
        items = self._labels_of(run, job)
        sources = [domains[name] for name in run.spec.source_domains]
        source_test = np.concatenate([source.labels("test") for source in sources]) if sources else None
        target = domains[run.spec.target]
        same = all(source.class_names == target.class_names for source in sources)
        return HostLabels(target.labels("test"), len(target.class_names), source_test, items, same)

    def _features(
        self, run: PlannedRun, job: Job, arrays: Mapping[str, NDArray[Any]], step: int
    ) -> dict[str, NDArray[Any]]:
        """Features of the last step on source and target training items, and their labels, for pictures alone."""
        found: dict[str, NDArray[Any]] = {}
        for role in FEATURES_OF:
            features = arrays.get(f"{step}/{role}/features")
            if features is not None:
                domains = [self._domains.get(part.domain, DomainView.of(run.spec)) for part in job.items[role]]
                chosen = zip(domains, job.items[role], strict=True)
                found[f"{role}/features"] = features
                found[f"{role}/labels"] = np.concatenate(
                    [domain.labels(part.split)[part.chosen] for domain, part in chosen]
                )
        return found

    def _labels_of(self, run: PlannedRun, job: Job) -> dict[str, NDArray[np.int64]]:
        """The labels of a job's fixed items, by role."""

        def labels(part: Items) -> NDArray[np.int64]:
            return self._domains.get(part.domain, DomainView.of(run.spec)).labels(part.split)[part.chosen]

        return {
            role: np.concatenate([labels(part) for part in parts])
            for role, parts in job.items.items()
            if role != "target_train"
        }

    def provenance(self, output: dict[str, Any]) -> dict[str, Any]:
        """Where a run's numbers come from: this machine, what its worker said of itself, and the choices made."""
        device = output.get("device_name") or self._machine.device
        compute = self._machine.compute.model_dump(exclude={"device"})
        of_run = {name: output.get(name) for name in ("started_utc", "cuda")}
        trusted = {"trusted_remote_code": self._trusted, "sandbox": self._sandbox.text if self._sandbox else None}
        return {"device": device, **compute, **of_run, **trusted, **provenance(self._machine.choices)}


def _with_source_val(
    curve: list[dict[str, Any]], scores: list[float | None] | None, steps: list[int]
) -> list[dict[str, Any]]:
    """The curve with the accuracy on source validation data at each checkpoint."""
    if scores is None:
        return curve
    return curve + [{"step": step, "source_val": score} for step, score in zip(steps, scores, strict=True)]
