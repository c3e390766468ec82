"""`tlbench run SUITE`: run what is missing, show progress, end with the leaderboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note

if TYPE_CHECKING:
    from tlbench.records.record import Record
    from tlbench.runner.run_suite import SuiteOutcome

EPILOG = """Examples:

  tlbench run digits

  tlbench run digits --pair 'syn:*' --strategy dann --seed 0

  tlbench run my-suite.toml --set dann.adversarial_weight=0.1 --timeout 10m

  tlbench run my-suite.toml --plugin my_strategy.py

  tlbench run digits --strategy dann --pair syn:uci --seed 0 --keep-model

  tlbench run my-suite.toml --sandbox require --allow-read my-weights/

  tlbench run digits --timeout 1h --memory 8GiB --max-failures 10

  tlbench run digits --watch               live results in a browser on this machine

Exit code: 0 every applicable run succeeded, 1 some failed or are missing, 2 invalid input, 130 interrupted."""


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
    shots: options.Shots = None,
    set_: options.Set = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    threads: options.Threads = None,
    timeout: Annotated[str | None, typer.Option(metavar="10m", help="Stop a run after this time.")] = None,
    memory: Annotated[str | None, typer.Option(metavar="8GiB", help="Stop a run that uses more memory.")] = None,
    sandbox: options.SandboxMode = "auto",
    allow_read: options.AllowRead = None,
    max_failures: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop the suite after N failed runs.")
    ] = None,
    reuse: Annotated[
        Reuse,
        typer.Option(help="failed: keep ok results, rerun the rest; always: keep failures too; never: rerun all."),
    ] = Reuse.failed,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    trust_remote_code: options.TrustRemoteCode = None,
    run_code: options.RunCode = False,
    pass_env: options.PassEnv = None,
    deterministic: options.Deterministic = False,
    precision: options.Precision = None,
    keep_model: Annotated[
        bool,
        typer.Option(
            "--keep-model",
            help="Keep trained models for `tlbench export`; rerun finished runs whose model was not kept.",
        ),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Serve the page on 127.0.0.1 while the suite runs.")] = False,
    port: options.Port = options.PORT,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show a line per run.")] = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Run the missing runs of a suite, then show its leaderboard."""
    options.use_data(data)
    limit, memory_limit = options.seconds(timeout), options.size(memory)
    files = options.files(plugin, suite, run_code)

    from tlbench.cli.progress import listener
    from tlbench.cli.watch import watched
    from tlbench.runner.prepare import Request, RunOptions
    from tlbench.runner.run_suite import added_before, run_suite

    filters = options.filters(strategy=strategy, pair=pair, backbone=backbone, seed=seed, setting=setting, shots=shots)
    trusted = tuple(trust_remote_code or ())
    request = Request(
        suite=suite,
        plugin_files=files,
        overrides=tuple(set_ or ()),
        filters=filters,
        device=device,
        workers=workers,
        threads=threads,
        deterministic=deterministic,
        precision=precision,
        trusted=trusted,
    )
    conditions = RunOptions(
        reuse=reuse.value,
        timeout=limit,
        memory=memory_limit,
        keep_model=keep_model,
        max_failures=max_failures,
        pass_env=tuple(pass_env or ()),
        **options.sandbox_of(sandbox, allow_read),
    )
    with watched(port if watch else None) as show, listener(quiet or as_json, verbose) as heard:
        no_longer = [] if strategy else added_before(request, results)

        def planned(folder: Path) -> None:
            _tell_of_figures(folder)
            show(folder)

        done = run_suite(request, results, conditions, heard, planned)
    _report(done, as_json)
    if keep_model:
        _tell_models(done)
    _tell_what_is_left(done, max_failures, no_longer)
    return 0 if done.whole else 1


def _tell_what_is_left(done: SuiteOutcome, max_failures: int | None, no_longer: Sequence[str]) -> None:
    """The runs that were not begun, and the strategies that are stored and not shown."""
    if done.left:
        left = f"{done.left} runs have not been done: the same command goes on"
        note(f"stopped after {max_failures} runs that failed (--max-failures); {left}")
    for name in no_longer:
        note(f"{name} is stored, and the suite does not name it: --strategy {name} shows it again")


def _tell_of_figures(folder: Path) -> None:
    """Name what the suite's published figures are of and no table of it can hold."""
    from tlbench.leaderboard.analysis.result_set import read_plan
    from tlbench.leaderboard.claims.unmatched_figures import without_a_row

    for line in without_a_row(read_plan(folder)):
        note(line)


def _report(done: SuiteOutcome, as_json: bool) -> None:
    """The table of what was asked for, or the records as JSON."""
    if as_json:
        typer.echo(json.dumps([record.model_dump(mode="json") for record in done.records.values()]))
        return
    from tlbench.leaderboard.leaderboard import leaderboard
    from tlbench.leaderboard.renderers import render
    from tlbench.runner.run_suite import result_set_of

    typer.echo(render(leaderboard(result_set_of(done.folder.folder, done.plan, done.stored)), "table"))
    _name_failures(done.records)


def _tell_models(done: SuiteOutcome) -> None:
    """How many models are kept, where, and what they take; and of those that are not, why."""
    from tlbench.leaderboard.tables.cells import count
    from tlbench.records.kept_models import kept_models, size_text

    kept = [model for model in kept_models(done.folder) if model.key in done.records]
    there = [model for model in kept if not model.fault]
    if there:
        size = size_text(sum(model.bytes for model in there))
        note(
            f"{count(len(there), 'model')} kept in {done.folder.folder} ({size}): "
            f"tlbench export {there[0].key[:8]} --out my-model; tlbench models lists and removes them"
        )
    for model in kept:
        if model.fault:
            record = done.records[model.key]
            where = f"{record.variant} {record.spec.pair}, seed {record.seed}"
            note(f"no model kept of {where} ({model.key[:8]}): {model.fault}")


def _name_failures(records: dict[str, Record]) -> None:
    """One line for every run that is not there, so that nobody has to search for it."""
    from tlbench.runner.run_suite import failed

    for record in failed(records).values():
        where = f"{record.variant} {record.spec.pair}, seed {record.seed}"
        note(f"{record.status}: {where}: {record.why}  (tlbench show {record.run_key})")
