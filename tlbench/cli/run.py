"""`tlbench run SUITE`: run what is missing, show progress, end with the leaderboard."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tlbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tlbench.cli.preparing import Request
    from tlbench.execution.session import Listener
    from tlbench.planning.plan import Plan
    from tlbench.record import Record
    from tlbench.results import ResultFolder

EPILOG = """Examples:

  tlbench run digits

  tlbench run digits --pair 'syn:*' --strategy dann --seed 0

  tlbench run my-suite.toml --set dann.adversarial_weight=0.1 --timeout 10m

  tlbench run my-suite.toml --plugin my_strategy.py

  tlbench run digits --watch               the growing page, for a browser on this machine

Exit code: 0 every applicable run is there and ok, 1 some are not, 2 the input is wrong, 130 interrupted."""


class Reuse(StrEnum):
    """Which stored records are kept."""

    failed = "failed"
    always = "always"
    never = "never"


def run(
    suite: options.SuiteName,
    results: options.Results = options.RESULTS,
    strategy: options.Strategies = None,
    pair: options.Pairs = None,
    backbone: options.Backbones = None,
    seed: options.Seeds = None,
    setting: options.Settings = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    threads: options.Threads = None,
    timeout: Annotated[str | None, typer.Option(metavar="10m", help="End a run after this time.")] = None,
    memory: Annotated[str | None, typer.Option(metavar="8GiB", help="End a run that takes more memory.")] = None,
    reuse: Annotated[
        Reuse, typer.Option(help="failed: ok is kept, all else runs again; always: failures are kept too; never.")
    ] = Reuse.failed,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    trust_remote_code: options.TrustRemoteCode = None,
    deterministic: options.Deterministic = False,
    watch: Annotated[bool, typer.Option("--watch", help="Serve the growing page on 127.0.0.1 meanwhile.")] = False,
    port: options.Port = options.PORT,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="A line for every run.")] = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Run what is missing of a suite, and end with its leaderboard."""
    options.use_data(data)
    limit, memory_limit = options.seconds(timeout), options.size(memory)
    files = options.files(plugin, suite)

    from tlbench.cli.preparing import Request
    from tlbench.cli.progress import listener
    from tlbench.cli.shortcut import whole_records
    from tlbench.cli.watching import watched

    filters = {"strategy": strategy, "pair": pair, "backbone": backbone, "seed": seed, "setting": setting}
    trusted = tuple(trust_remote_code or ())
    request = Request(suite, files, tuple(set_ or ()), filters, device, workers, threads, deterministic, trusted)
    with watched(port if watch else None) as show, listener(quiet or as_json, verbose) as heard:
        there = whole_records(request, results) if reuse is Reuse.failed else None
        if there is not None:
            folder, records, plan = *there, None
            heard.planned(0, len(records), 0)
        else:
            folder, records, plan = _run(request, results, reuse.value, limit, memory_limit, heard, show)
    _report(folder, records, plan, as_json)
    return _exit_code(records)


def _run(
    request: Request,
    results: Path,
    reuse: Literal["failed", "always", "never"],
    limit: float | None,
    memory_limit: int | None,
    heard: Listener,
    show: Callable[[Path], None],
) -> tuple[ResultFolder, dict[str, Record], Plan]:
    """Plan, write the plan, and run what is missing of it."""
    from tlbench.cli.preparing import prepare
    from tlbench.cli.shortcut import fingerprint, weighted

    ready = prepare(request)
    folder = ready.results(results)
    folder.create()
    with folder.locked():
        weights = weighted(ready.suite, ready.host)
        folder.write_plan(
            {**ready.whole.to_json(), "fingerprint": fingerprint(request, weights), "with_weights": weights}
        )
        show(folder.folder)
        records = ready.session(ready.plan, folder, heard, reuse, limit, memory_limit).run()
    ready.host.tell("tlbench_suite_finished", suite=ready.suite.name, exit_code=_exit_code(records))
    return folder, records, ready.plan


def _exit_code(records: dict[str, Record]) -> int:
    return 0 if all(record.status in ("ok", "skipped") for record in records.values()) else 1


def _report(folder: ResultFolder, records: dict[str, Record], plan: Plan | None, as_json: bool) -> None:
    """The table of `plan` (all that is there, without one), or the records as JSON."""
    if as_json:
        typer.echo(json.dumps([record.model_dump(mode="json") for record in records.values()]))
        return
    from tlbench.cli.tables import print_tables

    print_tables(folder.folder, plan)
    _name_failures(records)


def _name_failures(records: dict[str, Record]) -> None:
    """One line for every run that is not there, so that nobody has to search for it."""
    for record in records.values():
        if record.status not in ("ok", "skipped"):
            message = record.error.message if record.error else ""
            where = f"{'+'.join(record.source) or '-'}:{record.target}, seed {record.seed}"
            typer.echo(
                f"{record.status}: {record.variant} {where}: {message}  (tlbench show {record.run_key})", err=True
            )
