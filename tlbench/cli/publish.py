"""`tlbench publish SUITE...`: for each a folder of pages made from records, which holds all that it is made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.cli.plain_output import note
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.publishing.page_inputs import PageInputs

OUT = Path("leaderboards")

EPILOG = """Examples:

  tlbench publish digits                          write leaderboards/digits/ from results/digits/

  tlbench publish leaderboards/digits             rebuild the folder from its own records

  tlbench publish leaderboards/*                  rebuild all folders, and the index once

  tlbench publish leaderboards/digits --check     report whether a rebuild would change it

  tlbench publish submissions/digits              publish a submission (tlbench submit) in leaderboards/digits/

The folder holds README.md, index.html (one file that works offline), table.csv, table.tex and figures/*.svg. It also
holds their sources: records.jsonl, predictions.safetensors and plan.json.

A page begins with the suite's own text (the suite's key `about` names the file). The folder's notes.md follows: write
your findings there. The notes.md in the parent folder goes into the summary of all suites. Your files are never
overwritten.

Exit code: 0 written, or nothing would change; 1 with --check, something would change; 2 invalid input."""


def publish(
    suites: Annotated[list[str], typer.Argument(metavar="SUITE...", help="Suites with results, or published folders.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Parent of the published folders (default: leaderboards)."),
    ] = None,
    results: options.Results = options.RESULTS,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; report what would change.")] = False,
    debug: options.Debug = False,
) -> int:
    """Write the pages, tables, figures and records of suites, and update the index of all suites."""
    from tlbench.publishing.file_changes import changes
    from tlbench.publishing.published_files import summary_files, write_each

    sources = [suite_folder(suite, results) for suite in suites]
    parents: dict[Path, list[PageInputs]] = {}
    lines: list[str] = []
    for source in sources:
        to = _out(source, out)
        material, changed = _one(source, to, check)
        parents.setdefault(to, []).append(material)
        lines += changed
    for to, materials in parents.items():
        over_all = summary_files(to, materials)
        above = changes(over_all)
        lines += above
        if above and not check:
            write_each(over_all)
    if check:
        for line in lines:
            typer.echo(line)
    return int(check and bool(lines))


def _one(source: Path, to: Path, check: bool) -> tuple[PageInputs, list[str]]:
    """Write a suite's folder, unless it is only checked; what it was made from, and what was to be changed."""
    from tlbench.leaderboard.claims.unmatched_figures import without_a_row
    from tlbench.publishing.file_changes import changes
    from tlbench.publishing.page_inputs import read_page_inputs
    from tlbench.publishing.published_files import suite_files, superfluous, write

    material = read_page_inputs(source)
    _refuse_another(to / material.suite, source, material)
    own = suite_files(material, to)
    found = changes(own) + superfluous(own)
    if check:
        return material, found
    if found:
        write(own)
    for line in (*material.told, *without_a_row(material.result_set.plan)):
        note(line)
    typer.echo(f"{to / material.suite}: {_counted(len(material.records), bool(found))}")
    return material, found


def _refuse_another(folder: Path, source: Path, material: PageInputs) -> None:
    """Raise `TlbenchError` where runs of others are published already in the folder that a submission would go to."""
    from tlbench.leaderboard.analysis.result_set import read_plan
    from tlbench.records.published_records import is_published

    if folder.resolve() != source.resolve() and is_published(folder):
        there, new = read_plan(folder).contributor, material.result_set.plan.contributor
        if there != new:
            raise TlbenchError(
                f"{folder} holds runs of {there or 'the project'}, and these are of {new or 'the project'}; nothing is "
                "overwritten: give the suite another name, or name another --out"
            )


def _counted(records: int, changed: bool) -> str:
    from tlbench.leaderboard.tables.cells import count

    return f"{count(records, 'record')}, {'written' if changed else 'nothing has changed'}"


def _out(source: Path, out: Path | None) -> Path:
    """The folder of folders. Raises `TlbenchError` for one that the suite cannot be published in."""
    from tlbench.records.published_records import is_published
    from tlbench.submission.submission_folder import ABOUT_FILE

    if is_published(source) and not (source / ABOUT_FILE).is_file():
        if out is not None:
            raise TlbenchError(f"{source} is published already, and is made again where it is; leave out --out")
        return source.parent if source.name else source.resolve().parent
    to = OUT if out is None else out
    if to.exists() and not to.is_dir():
        raise TlbenchError(f"--out {str(to)!r} is a file; name a folder")
    folder = to / source.resolve().name
    if folder.resolve() == source.resolve():
        raise TlbenchError(f"--out {str(to)!r} is where the records are; name another folder")
    if folder.exists() and not folder.is_dir():
        raise TlbenchError(f"{folder} is a file, where the suite's folder would be; remove it, or name another --out")
    return to
