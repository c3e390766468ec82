"""What runs will cost: from what runs like them have cost, else from a trial of a few steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median

from tlbench.core.run_spec import RunSpec, SourceModelSpec
from tlbench.data.folds import FOLDS
from tlbench.planning.plan import PlannedRun
from tlbench.records.result_folder import ResultFolder
from tlbench.suites.suite import REFERENCES

#: Seconds of a run's start and of its evaluation.
START_SECONDS = 1.0

#: Seconds of one step of a run's backbone, of one batch.
StepSeconds = Callable[[RunSpec], float]


def estimate_seconds(
    runs: Sequence[PlannedRun], models: Sequence[SourceModelSpec], results: ResultFolder, step_seconds: StepSeconds
) -> tuple[float, str]:
    """Seconds of one worker for runs and shared trainings, and what the estimate rests on."""
    if not runs:
        return 0.0, "nothing to do"
    own, shared = _measured(results)
    total, tried = 0.0, 0
    for run in runs:
        like = own.get(_kind(run.spec))
        tried += like is None
        total += (median(like) if like else _by_steps(run, step_seconds)) * (2 if run.reverse else 1)
    users = {run.spec.source_model().key: run.spec for run in runs if run.needs_source_model}
    for model in models:
        like = shared.get((model.backbone, model.budget.steps))
        total += median(like) if like else START_SECONDS + model.budget.steps * step_seconds(users[model.key])
    if tried:
        return total, f"a trial of a few steps: {tried} runs have no like that was measured"
    return total, "records of this suite"


def _by_steps(run: PlannedRun, step_seconds: StepSeconds) -> float:
    """A step of a strategy has two batches, of source and target, and one of most references has one."""
    spec = run.spec
    if spec.strategy == "majority":  # it counts labels
        return START_SECONDS
    if spec.strategy == "source-only" and run.needs_source_model:  # its training is shared, and counted there
        return START_SECONDS
    trainings = FOLDS if spec.evaluation == "transductive-test" and spec.setting == "inductive" else 1
    batches = 1 if spec.strategy in REFERENCES and spec.strategy != "pooling" else 2
    return START_SECONDS + batches * trainings * spec.budget.steps * step_seconds(spec)


def _kind(spec: RunSpec) -> tuple[str, ...]:
    """What runs of about the same cost have in common."""
    return spec.strategy, spec.setting, spec.backbone, str(spec.budget.steps)


def _measured(results: ResultFolder) -> tuple[dict[tuple[str, ...], list[float]], dict[tuple[str, int], list[float]]]:
    own: dict[tuple[str, ...], list[float]] = defaultdict(list)
    shared: dict[tuple[str, int], list[float]] = defaultdict(list)
    for record in results.records():
        if record.status == "ok":
            own[_kind(record.spec)].append(record.seconds.own.total - record.seconds.own.selection)
            if record.seconds.shared.total:
                shared[record.backbone, record.spec.budget.steps].append(record.seconds.shared.total)
    return own, shared
