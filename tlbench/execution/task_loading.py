"""From a job's folder to what a strategy is given: memory-mapped inputs, and the labels that the setting allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import join
from tlbench.core.run_spec import RunSpec
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.data.array_storage import open_inputs

Labels = NDArray[np.int64]
NOTHING: Labels = np.empty(0, np.int64)


def read_task(job: dict[str, Any], spec: RunSpec) -> TransferTask:
    """The task of a run."""
    view = job["target"]
    labelled, labels = (np.load(view[name]) if name in view else NOTHING for name in ("labelled", "labels"))
    target = TargetView(view["name"], tuple(view["class_names"]), open_inputs(view["inputs"]), labelled, labels)
    nothing = Examples(target.inputs[slice(0)], NOTHING)
    sources = tuple(read_source(source, nothing) for source in job["sources"])
    return TransferTask(spec.setting, spec.shots, sources, target, tuple(job["input_shape"]), spec.seed)


def read_source(view: dict[str, Any], nothing: Examples | None = None) -> SourceView:
    """A source domain, without labels where the job names none; its examples are `nothing` where it names no inputs."""
    if nothing is not None and "train" not in view:
        return SourceView(view["name"], tuple(view["class_names"]), nothing, nothing)
    train, val = (
        Examples(open_inputs(part["inputs"]), np.load(part["labels"]) if "labels" in part else NOTHING)
        for part in (view["train"], view["val"])
    )
    return SourceView(view["name"], tuple(view["class_names"]), train, val)


def fold_tasks(task: TransferTask, folds: Labels) -> Iterator[tuple[TransferTask, Labels]]:
    """For each fold the task without its labels, and its items: what that task's predictor is tested on."""
    for fold in range(folds.max() + 1):
        kept = folds[task.target.labelled] != fold
        target = replace(task.target, labelled=task.target.labelled[kept], labels=task.target.labels[kept])
        yield replace(task, target=target), np.flatnonzero(folds == fold)


def read_reversed_task(job: dict[str, Any], spec: RunSpec) -> TransferTask:
    """The task from the target, with predicted labels, to the sources, without any."""
    view = job["source"]
    inputs = open_inputs(view["inputs"])
    labelled, none = Examples(inputs, np.load(view["labels"])), Examples(inputs[slice(0)], NOTHING)
    source = SourceView(view["name"], tuple(view["class_names"]), labelled, none)
    view = job["target"]
    joined = join([open_inputs(path) for path in view["inputs"]])
    target = TargetView(view["name"], tuple(view["class_names"]), joined, NOTHING, NOTHING)
    return TransferTask(spec.setting, spec.shots, (source,), target, tuple(job["input_shape"]), spec.seed)
