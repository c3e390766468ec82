"""`tlbench verify FOLDER --sample N`: published runs made again, and whether they come out as they were published."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.leaderboard.cells import Table
    from tlbench.leaderboard.frame import Board
    from tlbench.record import Record
    from tlbench.verification.judging import Judgement
    from tlbench.verification.sampling import Planned

EPILOG = """Examples:

  tlbench verify leaderboards/digits --sample 5

  tlbench verify leaderboards/digits --sample 5 --draw 1       five others

  tlbench verify results/my-suite --suite my-suite.toml --plugin my_strategy.py

The suite is planned anew, from the built-in suite of that name or from --suite, and runs with its data. identical:
every score is the same to the last bit. Where something explains another result (another device, processor, version),
a run is reproduced if its score lies where 95 % of further seeds would: within the seeds.

Exit code: 0 all are reproduced, 1 some are not, 2 the input is wrong."""


def verify(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A published folder, or the results of a suite.")],
    sample: Annotated[int, typer.Option(min=1, metavar="N", help="So many runs.")] = 3,
    draw: Annotated[int, typer.Option(metavar="SEED", help="Which runs: the same for the same number.")] = 0,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="SUITE", help="Its file, where no built-in suite has its name.")
    ] = None,
    results: options.Results = options.RESULTS,
    device: options.Device = "auto",
    workers: options.Workers = None,
    timeout: Annotated[str | None, typer.Option(metavar="10m", help="End a run after this time.")] = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    trust_remote_code: options.TrustRemoteCode = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    format_: options.Format = "table",
    debug: options.Debug = False,
) -> int:
    """Make some published runs again, here, and say of each whether it is reproduced."""
    options.use_data(data)
    limit = options.seconds(timeout)
    from tlbench.cli.preparing import Request, prepare
    from tlbench.cli.progress import listener
    from tlbench.leaderboard.frame import load_board
    from tlbench.leaderboard.renderers import render
    from tlbench.verification.judging import REPRODUCED
    from tlbench.verification.sampling import draw as drawn
    from tlbench.verification.sampling import part_of, planned_for

    board = load_board(suite_folder(folder, results))
    chosen = drawn(board.records.values(), sample, draw)
    trusted = tuple(trust_remote_code or ())
    threads, deterministic = _compute(chosen)
    request = Request(
        suite or board.plan.suite, options.files(plugin), (), None, device, workers, threads, deterministic, trusted
    )
    ready = prepare(request)
    if ready.suite.name != board.plan.suite:
        raise TlbenchError(f"{folder} is of the suite {board.plan.suite!r}, and --suite names {ready.suite.name!r}")
    planned = [planned_for(record, ready.whole) for record in chosen]
    runs = [one.run for one in planned if one.run is not None]
    with tempfile.TemporaryDirectory() as place, listener(quiet, verbose=False) as heard:
        again: Mapping[str, Record] = {}
        if runs:
            to = ready.results(Path(place))
            to.create()
            again = ready.session(part_of(ready.whole, runs), to, heard, "never", limit).run()
    judged = [_judged(board, one, again) for one in planned]
    typer.echo(render([_table(board, planned, judged)], format_))
    return 0 if all(judgement.verdict in REPRODUCED for judgement in judged) else 1


def _compute(records: list[Record]) -> tuple[int, bool]:
    """Threads and determinism as most of the runs had them."""
    found = [(record.spec.compute.threads, record.spec.compute.deterministic) for record in records]
    return max(set(found), key=lambda one: (found.count(one), one))


def _judged(board: Board, planned: Planned, again: Mapping[str, Record]) -> Judgement:
    from tlbench.verification.judging import Judgement, judge

    record, plan = planned.record, board.plan
    if planned.run is None:
        return Judgement("not run", None, None, ("the suite as it is here has no such run",))
    seeds = {other.seed: other for other in board.records.values() if _is_same_cell(record, other)}
    scores = [board.score(other.run_key, plan.selection, plan.primary_metric) for other in seeds.values()]
    others = [score for score in scores if score is not None]
    return judge(record, again[planned.run.spec.key], others, plan.primary_metric, plan.selection, planned.differs)


def _is_same_cell(record: Record, other: Record) -> bool:
    """Whether a run differs from another in its seed alone."""
    return other.status == "ok" and record.spec.model_copy(update={"seed": other.seed}) == other.spec


def _table(board: Board, planned: list[Planned], judged: list[Judgement]) -> Table:
    from tlbench.leaderboard.cells import MISSING, Cell, Column, Scale, Table, count, metric_name
    from tlbench.verification.judging import REPRODUCED

    metric = board.plan.primary_metric
    scale = Scale.of(metric, [value for one in judged for value in (one.published, one.here) if value is not None])
    columns = [Column("run", "run", "left"), Column("what", "what", "left"), Column("published", "published")]
    columns += [Column("here", "here"), Column("verdict", "verdict", "left")]
    notes, rows = [], []
    for one, judgement in zip(planned, judged, strict=True):
        record = one.record
        numbers = [
            Cell(MISSING) if value is None else Cell(scale.text(value), value)
            for value in (judgement.published, judgement.here)
        ]
        what = f"{record.variant} · {record.spec.pair} · seed {record.seed}"
        rows.append([Cell(record.run_key[:8]), Cell(what), *numbers, Cell(judgement.verdict)])
        if judgement.reasons:
            notes.append(f"{record.run_key[:8]}: {'; '.join(judgement.reasons)}")
    good = sum(judgement.verdict in REPRODUCED for judgement in judged)
    caption = (
        f"{good} of {count(len(judged), 'run')} reproduced; {metric_name(metric)}{' in %' if scale.percent else ''}."
    )
    return Table(f"{board.plan.suite} · made again", columns, rows, caption, list(dict.fromkeys(notes)))
