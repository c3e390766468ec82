"""`tlbench show RUN`: one record, readable."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
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
    run: Annotated[str, typer.Argument(help="Run key, its first characters, or a record file.")],
    results: options.Results = options.RESULTS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Show one run: setting, parameters, metrics, timings, health, provenance, and the end of its log."""
    from tlbench.core.plain_text import escaped
    from tlbench.leaderboard.tables.run_card import card

    folder, key = _find(run, results)
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


def _find(run: str, results: Path) -> tuple[Records, str]:
    """The folder that has the record of a run, and the run's key."""
    from tlbench.records.published_records import record_folder
    from tlbench.records.result_folder import ResultFolder

    path = Path(run)
    if path.is_file() and path.suffix == ".json":
        return ResultFolder(path.parent.parent, path.parent.name), path.stem
    # Either a part of a key, of whatever suite, or one behind the folder that holds the record.
    inside = path.parent != Path() and path.parent.is_dir()
    places = [path.parent] if inside else sorted(place for place in results.glob("*") if place.is_dir())
    begins = path.name if inside else run
    folders = [record_folder(place) for place in places]
    found = [(folder, key) for folder in folders for key in folder.run_keys() if key.startswith(begins)]
    if not found:
        raise TlbenchError(
            f"no record in {path.parent if inside else results} begins with {begins!r}; "
            "`tlbench leaderboard SUITE` lists what there is"
        )
    if len(found) > 1:
        names = ", ".join(f"{folder.folder.name}/{key}" for folder, key in found[:5])
        raise TlbenchError(f"{len(found)} records begin with {begins!r}: {names}; give more of the key")
    return found[0]
