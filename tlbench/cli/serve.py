"""`tlbench serve FOLDER`: published pages, or a page of the records that are there, on this machine alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError
from tlbench.records.plan_file import PLAN_FILE

if TYPE_CHECKING:
    from tlbench.publishing.web.server import Answer

EPILOG = """Examples:

  tlbench serve leaderboards          all published suites

  tlbench serve leaderboards/digits   one of them

  tlbench serve results/digits        a page of the records so far, updated as runs finish

The page is reachable only from this machine, and it loads nothing from the network. Press Ctrl-C to stop."""


def serve(
    folder: Annotated[Path, typer.Argument(help="A folder with index.html, or the records of a suite.")],
    port: options.Port = options.PORT,
    debug: options.Debug = False,
) -> int:
    """Show the pages of a folder in a browser on this machine."""
    from tlbench.publishing.web.server import PageServer

    answer, place = _pages(folder)
    server = PageServer(port)
    with server.started(answer):
        typer.echo(f"{folder} is shown at {server.address}{place} (Ctrl-C ends it)")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def _pages(folder: Path) -> tuple[Answer, str]:
    """What is served, and the place of the folder in it: a published suite lies among others, to which it leads."""
    from tlbench.publishing.web.live_page import LivePage
    from tlbench.publishing.web.server import folder_pages
    from tlbench.records.published_records import is_published

    if is_published(folder) and (folder.resolve().parent / "index.html").is_file():
        return folder_pages(folder.resolve().parent), f"{folder.resolve().name}/"
    if (folder / "index.html").is_file():
        return folder_pages(folder), ""
    if (folder / PLAN_FILE).is_file():
        return LivePage(folder).answer, ""
    if not folder.is_dir():
        raise TlbenchError(
            f"{str(folder)!r} is no folder; name one as leaderboards, leaderboards/digits, results/digits"
        )
    raise TlbenchError(
        f"{folder} has neither index.html nor {PLAN_FILE}; name a folder that `tlbench publish` wrote, or that of one "
        "suite's records, as results/digits"
    )
