"""What runs will cost: from what runs like them have cost, else from a trial of a few steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median

from tlbench.data.folds import FOLDS
from tlbench.planning.plan import PlannedRun
from tlbench.results import ResultFolder
from tlbench.spec import RunSpec, SourceModelSpec
from tlbench.suites.suite import REFERENCES

#: Seconds of a run's start and of its evaluation.
START_SECONDS = 1.0

#: What a run was: its strategy, setting and backbone.
Kind = tuple[str, str, str]
#: Seconds of one step of a run's backbone, of one batch.
StepSeconds = Callable[[RunSpec], float]


def estimate_seconds(
    runs: Sequence[PlannedRun], models: Sequence[SourceModelSpec], results: ResultFolder, step_seconds: StepSeconds
) -> tuple[float, str]:
    """Seconds of one worker for runs and shared trainings, and what the estimate rests on.

    Runs without a like among the records are taken as their steps, of which those of a strategy have two batches, of
    source and target, and those of a reference one.
    """
    if not runs:
        return 0.0, "nothing to do"
    own, shared = _measured(results)
    known = {kind: median(values) for kind, values in own.items()}
    steps_of: dict[tuple[str, int], float] = {}
    total, tried = 0.0, 0

    def step(spec: RunSpec) -> float:
        place = (spec.backbone, spec.budget.batch_size)
        if place not in steps_of:
            steps_of[place] = step_seconds(spec)
        return steps_of[place]

    for run in runs:
        spec = run.spec
        seconds = known.get(_kind(spec.strategy, spec.setting, spec.backbone))
        if seconds is None:
            tried += 1
            roles = 1 if spec.strategy in REFERENCES else 2
            by_steps = not (spec.strategy == "source-only" and run.needs_source_model)
            seconds = START_SECONDS + by_steps * roles * _trainings(spec) * spec.budget.steps * step(spec)
        total += seconds * (2 if run.reverse else 1)
    users = {run.spec.source_model().key: run.spec for run in runs if run.needs_source_model}
    for model in models:
        like = shared.get(model.backbone)
        total += median(like) if like else START_SECONDS + model.budget.steps * step(users[model.key])
    if tried:
        return total, f"a trial of a few steps: {tried} runs have no like that was measured"
    return total, "records of this suite"


def _kind(strategy: str, setting: str, backbone: str) -> Kind:
    return strategy, setting, backbone


def _trainings(spec: RunSpec) -> int:
    return FOLDS if spec.evaluation == "transductive-test" and spec.setting == "inductive" else 1


def _measured(results: ResultFolder) -> tuple[dict[Kind, list[float]], dict[str, list[float]]]:
    own: dict[Kind, list[float]] = defaultdict(list)
    shared: dict[str, list[float]] = defaultdict(list)
    for record in results.records():
        if record.status == "ok":
            seconds = record.seconds.own.total - record.seconds.own.selection
            own[_kind(record.strategy, record.setting, record.backbone)].append(seconds)
            if record.seconds.shared.total:
                shared[record.backbone].append(record.seconds.shared.total)
    return own, shared
