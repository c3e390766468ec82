"""`tlbench show RUN`: one record, readable."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.leaderboard.frame import PlanHeader
    from tlbench.record import Record
    from tlbench.results import ResultFolder

EPILOG = """Examples:

  tlbench show 3f2a          the beginning of a run key is enough

  tlbench show results/digits/3f2a9c….json"""


def show(
    run: Annotated[str, typer.Argument(help="A run key, its beginning, or a record's file.")],
    results: options.Results = options.RESULTS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Show one run: setting, parameters, metrics, timings, health, provenance, and the end of its log."""
    from tlbench.leaderboard.card import card
    from tlbench.results import ResultFolder

    path = _find(run, results)
    folder = ResultFolder(path.parent.parent, path.parent.name)
    record = folder.read(path.stem)
    assert record is not None
    if as_json:
        typer.echo(record.model_dump_json(indent=1))
    else:
        typer.echo(card(record, _references(record, folder), _plan(folder)))
    return 0


def _plan(folder: ResultFolder) -> PlanHeader | None:
    """The plan beside a record; None where there is none that can be read, for the record says enough without it."""
    from tlbench.leaderboard.frame import read_plan

    with contextlib.suppress(TlbenchError):
        return read_plan(folder.folder)
    return None


def _references(record: Record, folder: ResultFolder) -> dict[str, Record]:
    """The records of a run's references by name; one that is not there or damaged is left out."""
    found = {}
    for name, key in record.references.items():
        with contextlib.suppress(TlbenchError):
            found[name] = folder.read(key)
    return {name: reference for name, reference in found.items() if reference is not None}


def _find(run: str, results: Path) -> Path:
    if Path(run).is_file():
        return Path(run)
    found = sorted(path for path in results.glob(f"*/{_literal(run)}*.json") if path.name != "plan.json")
    if not found:
        raise TlbenchError(
            f"no record in {results} begins with {run!r}; `tlbench leaderboard SUITE` lists what there is"
        )
    if len(found) > 1:
        names = ", ".join(f"{path.parent.name}/{path.stem}" for path in found[:5])
        raise TlbenchError(f"{len(found)} records begin with {run!r}: {names}; give more of the key")
    return found[0]


def _literal(text: str) -> str:
    import glob

    return glob.escape(text)
