"""`tlbench leaderboard SUITE`: the table from stored records. Imports no torch."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.errors import TlbenchError, unknown
from tlbench.records.plan_file import PLAN_FILE
from tlbench.suites.table_layouts import TableLayout

if TYPE_CHECKING:
    from tlbench.leaderboard.analysis.result_set import ResultSet

EPILOG = """Examples:

  tlbench leaderboard digits

  tlbench leaderboard digits --by pair --metric macro_f1

  tlbench leaderboard digits --by source   show which source helps which target

  tlbench leaderboard my-suite --by shots  show how gains change with the label budget

  tlbench leaderboard digits --setting inductive --shots 5 --strategy 'dann*' --pair 'syn:*'

  tlbench leaderboard digits --selection all

  tlbench leaderboard digits --claims      compare with published figures

  tlbench leaderboard leaderboards/digits  show a published folder

  tlbench leaderboard digits --format markdown > table.md"""


_FOLDERS = "give one as results/digits, or a published one as leaderboards/digits"


class Missing(StrEnum):
    """What happens to a mean with a hole."""

    show = "show"
    drop = "drop"


def leaderboard(
    suite: options.SuiteName,
    results: options.Results = options.RESULTS,
    format_: options.Format = "table",
    plugin: options.PluginFiles = None,
    strategy: options.StoredStrategies = None,
    pair: options.Pairs = None,
    backbone: options.Backbones = None,
    seed: options.Seeds = None,
    setting: options.Settings = None,
    shots: options.Shots = None,
    metric: Annotated[str | None, typer.Option(help="The metric to rank by (default: the suite's first).")] = None,
    by: Annotated[
        TableLayout,
        typer.Option(
            help="strategy: one summary row per strategy; pair: pairs as columns; shots: label budgets as columns; "
            "source: one table per strategy, with sources as rows and targets as columns."
        ),
    ] = TableLayout.strategy,
    selection: Annotated[str | None, typer.Option(help="Selection protocol; `all` shows them side by side.")] = None,
    claims: Annotated[bool, typer.Option("--claims", help="Compare with published figures.")] = False,
    columns: Annotated[str | None, typer.Option(help="Columns to show, comma-separated.")] = None,
    missing: Annotated[
        Missing,
        typer.Option(
            help="show: leave the mean empty if a run is missing; drop: average the runs that exist, and show how many."
        ),
    ] = Missing.show,
    debug: options.Debug = False,
) -> int:
    """Show the leaderboard of a suite from its stored records."""
    from tlbench.leaderboard.analysis.result_set import load_result_set
    from tlbench.leaderboard.claims.by_figure import by_figure
    from tlbench.leaderboard.leaderboard import leaderboard as by_row
    from tlbench.leaderboard.renderers import render
    from tlbench.plugins.manager import plugin_host

    folder = suite_folder(suite, results)
    result_set = _with_figures(load_result_set(folder), folder, must=claims)
    wanted = [name.strip() for name in columns.split(",")] if columns else None
    tables_of = by_figure if claims else by_row
    filters = options.filters(strategy=strategy, pair=pair, backbone=backbone, seed=seed, setting=setting, shots=shots)
    tables = tables_of(result_set, metric, by, selection, wanted, missing.value, filters)
    for table in tables if filters else []:
        table.notes = [*table.notes, f"of the suite's runs, what {options.in_words(filters)} leaves"]
    typer.echo(render(tables, format_, plugin_host(options.files(plugin, suite))))
    return 0


def _with_figures(result_set: ResultSet, folder: Path, *, must: bool) -> ResultSet:
    """With the published figures as their file has them now; where it is faulty and need not be, as it was."""
    from tlbench.errors import Faults
    from tlbench.leaderboard.claims.current_figures import with_current_figures

    try:
        result_set, told = with_current_figures(result_set, folder)
    except Faults as error:
        if must:
            raise
        told = f"{error.args[0].splitlines()[0]} as they are now (--claims says why); those of the last run are shown"
    if told:
        note(told)
    return result_set


def suite_folder(suite: str, results: Path) -> Path:
    """Where a suite's records are: by its name, by the name in its file, or a folder of records, published or not."""
    if suite.endswith(".toml"):
        import tomllib

        try:
            suite = str(tomllib.loads(Path(suite).read_text(encoding="utf-8"))["name"])
        except (OSError, ValueError, KeyError) as error:
            raise TlbenchError(f"{suite}: no suite name can be read from it: {error}") from error
    folder = results / suite
    if not folder.is_dir():
        if (Path(suite) / PLAN_FILE).is_file():
            return Path(suite)
        if Path(suite).is_dir():
            raise TlbenchError(f"{suite} is no folder of records: it has no {PLAN_FILE}; {_FOLDERS}")
        known = [path.parent.name for path in sorted(results.glob(f"*/{PLAN_FILE}"))]
        first = f"run it first (tlbench run {suite}), or name its folder with --results DIR"
        if not known:
            raise TlbenchError(f"no records of {suite!r} in {results}; {first}")
        raise TlbenchError(f"no records in {folder}: {unknown('suite', suite, known)}; {first}")
    return folder
