"""Some published runs made again on this machine, each with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.tables.cells import MISSING, Cell, Column, Scale, Table, count, metric_name
from tlbench.records.record import Record
from tlbench.verification.reproducibility import REPRODUCED, Judgement, judge
from tlbench.verification.run_sample import MatchedRun, planned_for
from tlbench.verification.scratch_runs import runs_aside

if TYPE_CHECKING:
    from tlbench.execution.session import Listener
    from tlbench.runner.prepare import PreparedSuite


def make_again(
    result_set: ResultSet,
    chosen: Sequence[Record],
    ready: PreparedSuite,
    heard: Listener,
    limit: float | None,
    pass_env: tuple[str, ...] = (),
) -> list[tuple[MatchedRun, Judgement]]:
    """Run what stands for these records in the suite as it is planned here; `limit` is in seconds a run."""
    from tlbench.runner.prepare import RunOptions

    planned = [planned_for(record, ready.whole) for record in chosen]
    runs = [one.run for one in planned if one.run is not None]
    with runs_aside(ready, runs, heard, RunOptions(reuse="never", timeout=limit, pass_env=pass_env)) as (again, _):
        return [(one, _judged(result_set, one, again)) for one in planned]


def compute_of(records: Sequence[Record]) -> tuple[int, bool]:
    """Threads and determinism as most of the runs had them."""
    found = [(record.spec.compute.threads, record.spec.compute.deterministic) for record in records]
    return max(set(found), key=lambda one: (found.count(one), one))


def strategies_of(result_set: ResultSet) -> tuple[str, ...]:
    """The strategies of its tables: some may have been run beside those that the suite names."""
    return tuple(dict.fromkeys(cell.strategy for cell in result_set.cells if cell.role == "strategy"))


def all_reproduced(judged: Sequence[tuple[MatchedRun, Judgement]]) -> bool:
    """Whether every run came out as it was published."""
    return all(judgement.verdict in REPRODUCED for _, judgement in judged)


def table_of(result_set: ResultSet, judged: Sequence[tuple[MatchedRun, Judgement]]) -> Table:
    """A row for each run: both scores, the verdict, and as notes the reasons."""
    metric = result_set.plan.primary_metric
    scale = Scale.of(metric, [value for _, one in judged for value in (one.published, one.here) if value is not None])
    columns = [Column("run", "run", "left"), Column("what", "what", "left"), Column("published", "published")]
    columns += [Column("here", "here"), Column("verdict", "verdict", "left")]
    notes, rows = [], []
    for one, judgement in judged:
        record = one.record
        numbers = [
            Cell(MISSING) if value is None else Cell(scale.text(value), value)
            for value in (judgement.published, judgement.here)
        ]
        what = f"{record.variant} · {record.spec.pair} · seed {record.seed}"
        rows.append([Cell(record.run_key[:8]), Cell(what), *numbers, Cell(judgement.verdict)])
        if judgement.reasons:
            notes.append(f"{record.run_key[:8]}: {'; '.join(judgement.reasons)}")
    good = sum(judgement.verdict in REPRODUCED for _, judgement in judged)
    caption = (
        f"{good} of {count(len(judged), 'run')} reproduced; {metric_name(metric)}{' in %' if scale.percent else ''}."
    )
    return Table(f"{result_set.plan.suite} · made again", columns, rows, caption, list(dict.fromkeys(notes)))


def _judged(result_set: ResultSet, planned: MatchedRun, again: Mapping[str, Record]) -> Judgement:
    record, plan = planned.record, result_set.plan
    if planned.run is None:
        return Judgement("not run", None, None, ("the suite as it is here has no such run",))
    seeds = {other.seed: other for other in result_set.records.values() if _is_same_cell(record, other)}
    scores = [result_set.score(other.run_key, plan.selection, plan.primary_metric) for other in seeds.values()]
    others = [score for score in scores if score is not None]
    return judge(record, again[planned.run.spec.key], others, plan.primary_metric, plan.selection, planned.differs)


def _is_same_cell(record: Record, other: Record) -> bool:
    """Whether a run differs from another in its seed alone."""
    return other.status == "ok" and record.spec.model_copy(update={"seed": other.seed}) == other.spec
