"""Runs that are made again only to look at them: beside the results, and told to no plugin."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.planning.plan import PlannedRun
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder
from tlbench.verification.run_sample import part_of

if TYPE_CHECKING:
    from tlbench.execution.session import Listener
    from tlbench.runner.prepare import PreparedSuite, RunOptions


@contextmanager
def runs_aside(
    ready: PreparedSuite,
    runs: Sequence[PlannedRun],
    heard: Listener,
    conditions: RunOptions,
    *,
    keep_features: bool = False,
) -> Iterator[tuple[dict[str, Record], ResultFolder]]:
    """The records of these runs by key, and the folder with their predictions, which goes with the block."""
    with tempfile.TemporaryDirectory() as place:
        to = ready.results(Path(place))
        to.create()
        part = part_of(ready.whole, runs)
        session = ready.session(part, to, heard, conditions, keep_features=keep_features, heard_by_plugins=False)
        yield session.run(), to
