"""Which published runs are made again, and as which runs of a suite that is planned here."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tlbench.core.run_spec import RunSpec
from tlbench.errors import TlbenchError
from tlbench.planning.plan import Plan, PlannedRun
from tlbench.records.record import Record

#: What tells a run from the others of its suite, whatever versions it was made with, and on what.
IDENTITY = ("strategy", "dataset", "backbone", "initial", "source", "target", "setting", "shots", "evaluation", "seed")
#: What makes other numbers of the same run, each with its name in a sentence.
CONTENT = {
    "params": "parameters",
    "budget": "budget",
    "training": "training recipe",
    "revisions": "data",
    "backbone_version": "backbone or weights",
    "strategy_version": "version of the strategy",
    "protocol": "protocol version",
    "compute": "device kind, threads or determinism",
}


@dataclass(frozen=True)
class MatchedRun:
    """A published run and the run that is planned here in its place: None where there is none.

    `differs`: what of its description is another here.
    """

    record: Record
    run: PlannedRun | None
    differs: tuple[str, ...] = ()


def draw(records: Iterable[Record], number: int, seed: int) -> list[Record]:
    """So many of the runs that are ok, without repetition; the same for the same seed.

    Raises `TlbenchError` where no run is ok.
    """
    there = sorted((record for record in records if record.status == "ok"), key=lambda record: record.run_key)
    if not there:
        raise TlbenchError("no run of it is ok, so there is nothing to make again")
    chosen = random.Random(seed).sample(there, min(number, len(there)))
    return sorted(chosen, key=lambda record: (record.variant, record.spec.pair, record.seed))


def planned_for(record: Record, plan: Plan) -> MatchedRun:
    """The run of a plan that a published one is made again as: its own, or the one that differs in least."""
    if record.run_key in plan.runs:
        return MatchedRun(record, plan.runs[record.run_key])
    alike = [run for run in plan.runs.values() if _identity(run.spec) == _identity(record.spec) and not run.skip]
    if not alike:
        return MatchedRun(record, None)
    found = min(alike, key=lambda run: len(differing(record.spec, run.spec)))
    return MatchedRun(record, found, tuple(differing(record.spec, found.spec)))


def differing(published: RunSpec, here: RunSpec) -> list[str]:
    """The names of what two descriptions of a run have otherwise."""
    return [words for name, words in CONTENT.items() if getattr(published, name) != getattr(here, name)]


def part_of(plan: Plan, runs: Sequence[PlannedRun]) -> Plan:
    """A plan of these runs alone."""
    chosen = {run.spec.key: run for run in runs}
    cells = [cell for cell in plan.cells if cell.run_key in chosen]
    return replace(plan, cells=cells, runs=chosen)


def _identity(spec: RunSpec) -> tuple[object, ...]:
    return tuple(getattr(spec, name) for name in IDENTITY)
