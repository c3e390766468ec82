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

Each FOLDER is a results folder or a published one. Folders that differ in suite, dataset revision or protocol version
are refused, because their numbers are not comparable. If several folders hold the same run, the first successful record
is taken.

Exit code: 0 all records merged, 1 some records are unreadable, 2 the folders cannot be merged."""


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER…", help="Result folders of one suite.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Parent of the merged suite folder.")],
    debug: options.Debug = False,
) -> int:
    """Merge result folders of one suite, such as from two machines."""
    from tlbench.publishing.merge_folders import merge as merge_folders

    merged = merge_folders(folders, out)
    for line in (*merged.differing, *(f"left out: {line}" for line in merged.damaged)):
        note(line)
    typer.echo(
        f"{merged.records} records in {merged.folder} (tlbench leaderboard {merged.folder.name} --results {out})"
    )
    return 1 if merged.damaged else 0
