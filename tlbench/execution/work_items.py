"""What a session has to do, job by job: source models, runs, and second trainings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.run_spec import SourceModelSpec, label_budget
from tlbench.execution.handed_back import HandedBack
from tlbench.execution.job import Job
from tlbench.planning.plan import PlannedRun


@dataclass
class WorkItem:
    """A job to do: a source model, a run, or, with its predicted classes of all target inputs, its second training.

    It is done `alone`, beside no other, where it is done again for the reason that `again` says.
    """

    key: str
    label: str
    model: SourceModelSpec | None = None
    run: PlannedRun | None = None
    predicted: NDArray[np.int64] | None = None
    job: Job | None = None
    handed: HandedBack | None = None
    alone: bool = False
    again: str = ""
    tries: int = 0


def model_work(spec: SourceModelSpec) -> WorkItem:
    """The training on a source that runs share."""
    return WorkItem(spec.key, f"source model of {'+'.join(spec.source)}, {spec.backbone}, seed {spec.seed}", model=spec)


def work_of(run: PlannedRun) -> WorkItem:
    """A run."""
    return WorkItem(run.spec.key, label_of(run), run=run)


def reverse_work(run: PlannedRun, predicted: NDArray[np.int64]) -> WorkItem:
    """The second training of a run, for reverse validation."""
    return WorkItem(f"{run.spec.key}-reverse", f"back to the source: {label_of(run)}", run=run, predicted=predicted)


def label_of(run: PlannedRun) -> str:
    """A run as progress and failures name it."""
    spec = run.spec
    return f"{run.variant} {spec.pair}, {spec.backbone}{label_budget(spec.shots)}, seed {spec.seed}"


def identity_of(run: PlannedRun) -> dict[str, Any]:
    """A run as the hook `tlbench_run_started` hears of it."""
    spec = run.spec
    return {
        "run_key": spec.key,
        "strategy": spec.strategy,
        "variant": run.variant,
        "source": list(spec.source),
        "target": spec.target,
        "setting": spec.setting,
        "shots": spec.shots,
        "seed": spec.seed,
    }
