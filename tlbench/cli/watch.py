"""`--watch`: the growing page of a suite, served while it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def watched(port: int | None) -> Iterator[Callable[[Path], None]]:
    """Take the port at once; serve the page of the folder that the block shows, from then until the block ends.

    Nothing where `port` is None. Raises `TlbenchError` for a port that is in use.
    """
    if port is None:
        yield lambda folder: None
        return
    from tlbench.publishing.web.live_page import LivePage
    from tlbench.publishing.web.server import PageServer, tell_the_end

    server = PageServer(port)
    with ExitStack() as until_the_end:
        until_the_end.callback(server.close)
        pages: list[LivePage] = []

        def show(folder: Path) -> None:
            page = LivePage(folder)
            until_the_end.enter_context(server.started(page.answer))
            pages.append(page)
            print(f"watch it at {server.address}", file=sys.stderr, flush=True)

        yield show
        for page in pages:  # not where the suite was interrupted: whoever does that does not want to wait
            tell_the_end(page)
