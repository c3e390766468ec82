"""`tlbench merge FOLDER…`: result folders of one suite joined into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note

EPILOG = """Examples:

  tlbench merge here/digits there/digits --out merged

  tlbench leaderboard digits --results merged

A folder is one of results, or a published one. Refused are folders of other suites, of other revisions of a dataset
or of other protocol versions, for their numbers do not compare. Of a run that several folders have, one that is ok is
taken, from the first of them.

Exit code: 0 all records are there, 1 some could not be read, 2 the folders do not fit together."""


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER…", help="Folders of results of one suite.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the folder of the suite is made.")],
    debug: options.Debug = False,
) -> int:
    """Join the result folders of a suite, as from two machines."""
    from tlbench.publishing.merge_folders import merge as merge_folders

    merged = merge_folders(folders, out)
    for line in (*merged.differing, *(f"left out: {line}" for line in merged.damaged)):
        note(line)
    typer.echo(
        f"{merged.records} records in {merged.folder} (tlbench leaderboard {merged.folder.name} --results {out})"
    )
    return 1 if merged.damaged else 0
