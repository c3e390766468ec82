"""`tlbench cache`: what lies in the cache, whether it is whole, and room."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError, unknown

if TYPE_CHECKING:
    from tlbench.execution.cache_entries import CacheEntry

EPILOG = """Examples:

  tlbench cache ls

  tlbench cache verify                           check every entry against its checksums

  tlbench cache clear --limit 20GiB              remove least recently used entries, down to 20 GiB

  tlbench cache clear --kind 'source model' --dry-run

Set TLBENCH_CACHE_LIMIT=20GiB in the environment, and each `tlbench run` keeps the cache below 20 GiB.

Entries that a run is using are never removed. Removed or damaged entries are rebuilt when needed."""

#: Kinds that are removed only when they are asked for by name: they come from a network.
ASKED_FOR = ("downloads", "hub")

app = typer.Typer(
    help="Show, check and clear the cache of prepared data and source models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("ls", epilog=EPILOG)
def ls(as_json: options.Json = False, debug: options.Debug = False) -> int:
    """List cache entries with their sizes and when they were last used."""
    found = _entries()
    if as_json:
        typer.echo(json.dumps([_plain(entry) for entry in found]))
        return 0
    from tabulate import tabulate

    from tlbench.files import cache_folder

    rows = [[entry.kind, entry.name, _mib(entry.size), _ago(entry)] for entry in found]
    typer.echo(tabulate(rows, headers=["kind", "name", "MiB", "last used"], colalign=("left", "left", "right", "left")))
    typer.echo(f"\n{cache_folder()}: {_mib(sum(entry.size for entry in found))} MiB")
    return 0


@app.command("verify", epilog=EPILOG)
def verify(as_json: options.Json = False, debug: options.Debug = False) -> int:
    """Check every entry against its checksums. Exits 1 if an entry is damaged."""
    from tlbench.execution.cache_entries import without_checksums

    checked = [entry for entry in _entries() if entry.checked]
    old = [entry for entry in checked if without_checksums(entry)]
    faults = [fault for entry in checked if entry not in old for fault in entry.faults()]
    if as_json:
        typer.echo(json.dumps({"checked": len(checked), "damaged": faults, "without_checksums": [e.name for e in old]}))
        return 1 if faults else 0
    for fault in faults:
        typer.echo(f"damaged: {fault}")
    for entry in old:
        typer.echo(f"no checksums (of an older version; made again when it is needed): {entry.kind} {entry.name}")
    end = "the next run that needs it sets it aside and makes it again" if faults else "nothing is damaged"
    typer.echo(f"{len(checked)} checked, {len(faults)} files damaged: {end}")
    return 1 if faults else 0


@app.command("clear", epilog=EPILOG)
def clear(
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="Remove only this kind, as `tlbench cache ls` names it."),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            "--limit", metavar="20GiB", help="Remove least recently used entries until the cache is this small."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing; show what would be removed.")] = False,
    debug: options.Debug = False,
) -> int:
    """Remove entries that no run is using. Keeps downloads, unless --kind names them."""
    from tlbench.core.byte_sizes import bytes_of
    from tlbench.execution.cache_entries import keep_below
    from tlbench.execution.job_folders import JobFolders
    from tlbench.files import cache_folder

    found = _entries()
    for name in kind or ():
        if name not in {entry.kind for entry in found}:
            raise TlbenchError(f"--kind: {unknown('kind', name, {entry.kind for entry in found})}")
    if limit is not None:
        if kind or dry_run:
            raise TlbenchError("--limit goes by age alone; leave --kind and --dry-run out")
        gone = [(entry, 0) for entry in keep_below(cache_folder(), bytes_of(limit, "--limit"))]
        typer.echo(f"{len(gone)} entries removed")
        return 0
    JobFolders(cache_folder()).clean_ended()
    freed, kept = 0, 0
    for entry in found:
        if entry.kind == "jobs" or (entry.kind not in kind if kind else entry.kind in ASKED_FOR):
            continue
        size = entry.size
        if dry_run or entry.remove():
            typer.echo(f"{'would remove' if dry_run else 'removed'} {entry.kind} {entry.name}, {_mib(size)} MiB")
            freed += size
        else:
            typer.echo(f"in use, kept: {entry.kind} {entry.name}")
            kept += 1
    typer.echo(f"{_mib(freed)} MiB {'would be freed' if dry_run else 'freed'}{f', {kept} in use' if kept else ''}")
    return 0


def _entries() -> list[CacheEntry]:
    from tlbench.execution.cache_entries import entries
    from tlbench.files import cache_folder

    return entries(cache_folder())


def _plain(entry: CacheEntry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "folder": str(entry.folder),
        "bytes": entry.size,
        "last_used": entry.last_used,
        "in_use": entry.in_use,
    }


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f}"


def _ago(entry: CacheEntry) -> str:
    if entry.in_use:
        return "in use"
    days = (time.time() - entry.last_used) / 86400
    return "today" if days < 1 else f"{days:.0f} days ago"
