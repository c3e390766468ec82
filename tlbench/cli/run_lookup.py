"""The run that a command names: by its key, the first characters of it, or its record's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.records.published_records import PublishedFolder
    from tlbench.records.result_folder import ResultFolder

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Run key, its first characters, or a record file.")]


def find_run(run: str, results: Path) -> tuple[ResultFolder | PublishedFolder, str]:
    """The folder that has the record of a run, and the run's key. Raises `TlbenchError` for none, and for several."""
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
