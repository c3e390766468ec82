"""What runs will cost, from what runs like them have cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from tlbench.data.folds import FOLDS
from tlbench.planning.plan import PlannedRun
from tlbench.results import ResultFolder
from tlbench.spec import SourceModelSpec

#: Seconds of a step and of a run's start where nothing was measured: a small network on one core of 2020's kind.
STEP_SECONDS = 0.005
START_SECONDS = 1.0


def estimate_seconds(
    runs: Sequence[PlannedRun], models: Sequence[SourceModelSpec], results: ResultFolder
) -> tuple[float, str]:
    """Seconds of one worker for runs and shared trainings, and what the estimate rests on."""
    if not runs:
        return 0.0, "nothing to do"
    own, shared = _measured(results)
    guess = {name: median(values) for name, values in own.items()}
    total, guessed = 0.0, 0
    for run in runs:
        known = guess.get((run.spec.strategy, run.spec.setting))
        guessed += known is None
        by_folds = run.spec.evaluation == "transductive-test" and run.spec.setting == "inductive"
        trainings = FOLDS if by_folds else 1
        once = START_SECONDS + trainings * run.spec.budget.steps * STEP_SECONDS if known is None else known
        total += once * (2 if run.reverse else 1)
    for spec in models:
        total += median(shared) if shared else START_SECONDS + spec.budget.steps * STEP_SECONDS / 2
    if guessed:
        return total, f"{STEP_SECONDS * 1000:.0f} ms a step, a guess: {guessed} runs have no like that was measured"
    return total, "records of this suite"


def _measured(results: ResultFolder) -> tuple[dict[tuple[str, str], list[float]], list[float]]:
    own: dict[tuple[str, str], list[float]] = defaultdict(list)
    shared: list[float] = []
    for record in results.records():
        if record.status == "ok":
            own[record.strategy, record.setting].append(record.seconds.own.total - record.seconds.own.selection)
            if record.seconds.shared.total:
                shared.append(record.seconds.shared.total)
    return own, shared
