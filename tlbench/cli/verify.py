"""`tlbench verify FOLDER --sample N`: published runs made again, and whether they come out as they were published."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.plugins.manager import PluginHost

EPILOG = """Examples:

  tlbench verify leaderboards/digits --sample 5

  tlbench verify leaderboards/digits --sample 5 --draw 1       a different sample of five

  tlbench verify results/my-suite --suite my-suite.toml --plugin my_strategy.py

The runs are planned again from the built-in suite of that name, or from --suite.

identical: every score is bit-for-bit equal. within the seeds: the device, processor or a version differs, and the score
lies in the 95 % prediction interval for a new seed. Both count as reproduced.

Exit code: 0 all reproduced, 1 some not reproduced, 2 invalid input."""


def verify(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A published folder, or the results of a suite.")],
    sample: Annotated[int, typer.Option(min=1, metavar="N", help="Number of runs to repeat.")] = 3,
    draw: Annotated[int, typer.Option(metavar="SEED", help="Seed of the sample.")] = 0,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="SUITE", help="Suite file, if the suite is not built in.")
    ] = None,
    results: options.Results = options.RESULTS,
    device: options.Device = "auto",
    workers: options.Workers = None,
    timeout: Annotated[str | None, typer.Option(metavar="10m", help="Stop a run after this time.")] = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    trust_remote_code: options.TrustRemoteCode = None,
    run_code: options.RunCode = False,
    pass_env: options.PassEnv = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress.")] = False,
    format_: options.Format = "table",
    debug: options.Debug = False,
) -> int:
    """Rerun some published results and report whether each reproduces."""
    options.use_data(data)
    limit = options.seconds(timeout)
    from tlbench.cli.progress import listener
    from tlbench.leaderboard.analysis.result_set import load_result_set
    from tlbench.leaderboard.renderers import render
    from tlbench.plugins.manager import plugin_host
    from tlbench.runner.prepare import Request, prepare
    from tlbench.verification.rerun import all_reproduced, compute_of, make_again, strategies_of, table_of
    from tlbench.verification.run_sample import draw as drawn

    result_set = load_result_set(suite_folder(folder, results))
    chosen = drawn(result_set.records.values(), sample, draw)
    trusted = tuple(trust_remote_code or ())
    threads, deterministic = compute_of(chosen)
    request = Request(
        suite=suite or result_set.plan.suite,
        plugin_files=options.files(plugin, suite or "", run_code),
        device=device,
        workers=workers,
        threads=threads,
        deterministic=deterministic,
        trusted=trusted,
        added=strategies_of(result_set),
    )
    if suite is None:
        _built_in(result_set.plan.suite, folder, plugin_host(request.plugin_files))
    ready = prepare(request)
    if ready.suite.name != result_set.plan.suite:
        raise TlbenchError(
            f"{folder} is of the suite {result_set.plan.suite!r}, and --suite names {ready.suite.name!r}"
        )
    with listener(quiet, verbose=False) as heard:
        judged = make_again(result_set, chosen, ready, heard, limit, tuple(pass_env or ()))
    typer.echo(render([table_of(result_set, judged)], format_))
    return 0 if all_reproduced(judged) else 1


def _built_in(name: str, folder: str, host: PluginHost) -> None:
    """Raise `TlbenchError` where a suite is no installed one, so that its file has to be named."""
    if name not in host.registries["suites"]:
        raise TlbenchError(
            f"the suite {name!r} of {folder} is not built in, so its runs cannot be planned by its name; give its "
            f"file, as in: tlbench verify {shlex.quote(folder)} --suite {name}.toml"
        )
