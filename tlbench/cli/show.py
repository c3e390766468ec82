"""`tlbench show RUN`: one record, readable."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer

from tlbench.cli import options
from tlbench.cli.run_lookup import RunName, find_run
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.leaderboard.analysis.result_set import PlanHeader
    from tlbench.records.published_records import PublishedFolder
    from tlbench.records.record import Record
    from tlbench.records.result_folder import ResultFolder

    Records = ResultFolder | PublishedFolder

EPILOG = """Examples:

  tlbench show 3f2a          the beginning of a run key is enough

  tlbench show results/digits/3f2a9c….json

  tlbench show leaderboards/digits/3f2a          of a published folder"""


def show(
    run: RunName,
    results: options.Results = options.RESULTS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Show one run: setting, parameters, metrics, timings, health, provenance, and the end of its log."""
    from tlbench.core.plain_text import escaped
    from tlbench.leaderboard.tables.run_card import card

    folder, key = find_run(run, results)
    record = folder.read(key)
    assert record is not None
    if as_json:
        typer.echo(escaped(record.model_dump_json(indent=1)))
    else:
        typer.echo(card(record, _references(record, folder), _plan(folder)))
    return 0


def _plan(folder: Records) -> PlanHeader | None:
    """The plan beside a record; None where there is none that can be read, for the record says enough without it."""
    from tlbench.leaderboard.analysis.result_set import read_plan

    with contextlib.suppress(TlbenchError):
        return read_plan(folder.folder)
    return None


def _references(record: Record, folder: Records) -> dict[str, Record]:
    """The records of a run's references by name; one that is not there or damaged is left out."""
    found = {}
    for name, key in record.references.items():
        with contextlib.suppress(TlbenchError):
            found[name] = folder.read(key)
    return {name: reference for name, reference in found.items() if reference is not None}
