"""`tlbench models`: the models that runs have kept, what they take on disk, and how to be rid of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.records.kept_models import KeptModel
    from tlbench.records.result_folder import ResultFolder

EPILOG = """Examples:

  tlbench models                       list models kept by `tlbench run … --keep-model`

  tlbench models --remove 3f2a         remove one model; its record stays

  tlbench models --remove-all"""


def models(
    results: options.Results = options.RESULTS,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="RUN", help="Remove the model of this run.")
    ] = None,
    remove_all: Annotated[bool, typer.Option("--remove-all", help="Remove all models; keep the records.")] = False,
    debug: options.Debug = False,
) -> int:
    """List the kept models of runs with their sizes, or remove them."""
    from tlbench.leaderboard.tables.cells import count
    from tlbench.records.kept_models import size_text

    found = _found(results)
    chosen = found if remove_all else [_named(run, found, results) for run in remove or ()]
    if chosen:
        size = sum(model.bytes for _, model in chosen)
        for _, model in chosen:
            model.remove()
        typer.echo(f"{count(len(chosen), 'model')} removed ({size_text(size)}); the records stay")
        return 0
    if not found:
        typer.echo(f"no run in {results} has kept its model; `tlbench run SUITE --keep-model` does")
        return 0
    typer.echo(_table(found))
    typer.echo(f"{count(len(found), 'model')}, {size_text(sum(model.bytes for _, model in found))} in {results}")
    return 0


def _found(results: Path) -> list[tuple[ResultFolder, KeptModel]]:
    from tlbench.records.kept_models import kept_models
    from tlbench.records.result_folder import ResultFolder

    folders = [ResultFolder(results, place.name) for place in sorted(results.glob("*")) if place.is_dir()]
    return [(folder, model) for folder in folders for model in kept_models(folder)]


def _named(run: str, found: list[tuple[ResultFolder, KeptModel]], results: Path) -> tuple[ResultFolder, KeptModel]:
    """Raises `TlbenchError` for none and for several."""
    fitting = [pair for pair in found if pair[1].key.startswith(run)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise TlbenchError(
            f"no kept model in {results} is of a run that begins with {run!r}; `tlbench models` lists them"
        )
    names = ", ".join(f"{folder.folder.name}/{model.key}" for folder, model in fitting[:5])
    raise TlbenchError(f"{len(fitting)} models are of runs that begin with {run!r}: {names}; give more of the key")


def _table(found: list[tuple[ResultFolder, KeptModel]]) -> str:
    from tabulate import tabulate

    rows = [[model.key[:8], folder.folder.name, *_of_record(folder, model)] for folder, model in found]
    return tabulate(rows, ["run", "suite", "what", "size"], colalign=("left", "left", "left", "right"))


def _of_record(folder: ResultFolder, model: KeptModel) -> list[str]:
    from tlbench.core.plain_text import plain
    from tlbench.records.kept_models import size_text

    try:
        record = folder.read(model.key)
    except TlbenchError:
        record = None
    what = "its record is gone"
    if record is not None:
        what = f"{record.variant} · {record.spec.pair} · {record.backbone} · {record.setting} · seed {record.seed}"
    return [plain(f"{what}: {model.fault}" if model.fault else what), "none" if model.fault else size_text(model.bytes)]
