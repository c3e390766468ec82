"""`tlbench predictions RUN`: what a run predicted for each test item."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.cli.run_lookup import RunName, find_run
from tlbench.errors import TlbenchError
from tlbench.files import write_whole

EPILOG = """Examples:

  tlbench predictions 3f2a                             a table, item by item

  tlbench predictions 3f2a --only hurt                 items that source-only gets right and the run gets wrong

  tlbench predictions 3f2a --out predictions.csv       with class probabilities

  tlbench predictions 3f2a --format json > predictions.json

  tlbench predictions leaderboards/digits/3f2a         from a published folder: classes only"""

#: The format of a file by the end of its name.
BY_SUFFIX = {".csv": "csv", ".json": "json", ".md": "markdown", ".html": "html", ".tex": "latex", ".txt": "table"}


class Only(StrEnum):
    """Which items are shown."""

    all = "all"
    wrong = "wrong"
    helped = "helped"
    hurt = "hurt"


def predictions(
    run: RunName,
    results: options.Results = options.RESULTS,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="table|csv|json|markdown|html|latex",
            help="Output format (default: from FILE's extension, else table).",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to a file.")] = None,
    only: Annotated[
        Only,
        typer.Option(help="wrong: the run is wrong; helped: only the run is right; hurt: only the reference is right."),
    ] = Only.all,
    selection: Annotated[
        str | None,
        typer.Option(metavar="PROTOCOL", help="Selection protocol that chooses the checkpoint (default: the suite's)."),
    ] = None,
    suite: options.SuiteOfRun = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    debug: options.Debug = False,
) -> int:
    """Show the predictions of a run for each test item, with label, probabilities and the prediction of source-only."""
    options.use_data(data)
    from tlbench.exporting.item_predictions import item_predictions
    from tlbench.exporting.prediction_formats import all_formats, as_text
    from tlbench.runner.run_origin import origin_of

    form = format_ or (BY_SUFFIX.get(out.suffix.lower()) if out else "table")
    if form is None:
        raise TlbenchError(
            f"--out {str(out)!r}: its end says no format; end it in {', '.join(BY_SUFFIX)}, or say --format"
        )
    folder, key = find_run(run, results)
    record = folder.read(key)
    assert record is not None
    origin = origin_of(folder.folder, record, suite, options.files(plugin))
    if form not in all_formats(origin.host):
        origin.host.find("renderers", form)  # which says what there is
    found = item_predictions(folder, key, origin, selection)
    shown = as_text(found, form, only.value, origin.host)
    if out is None:
        typer.echo(shown, nl=False)
    else:
        write_whole(out, lambda to: to.write_text(shown, encoding="utf-8"))
        typer.echo(f"{len(found.only(only.value))} of {len(found.items)} items written to {out}")
    if form in ("csv", "json") or out is not None:
        for text in found.notes:
            note(f"note: {text}")
    return 0
