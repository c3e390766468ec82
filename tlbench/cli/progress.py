"""What a running suite shows: bars on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.cli.durations import roughly
from tlbench.cli.plain_output import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tlbench.execution.session import Listener

#: Least seconds between two plain lines that say how far a suite is.
LINE_SECONDS = 10.0
#: Seconds without a line after which a run that is under way says its step, for a single training may take an hour.
SILENT_SECONDS = 60.0
FAILED = ("failed", "crashed", "timeout", "diverged", "out_of_memory")


@contextmanager
def listener(quiet: bool, verbose: bool) -> Iterator[Listener]:
    """The listener for this output."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        with _bars() as progress:
            yield Bars(progress, verbose)
    else:
        yield Lines(verbose)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


class Quiet:
    """Says only that a record was set aside."""

    def planned(self, to_do: int, done: int, source_models: int, second_trainings: int = 0) -> None:
        """Nothing."""

    def set_aside(self, path: Path) -> None:
        """Name the file: it is the user's."""
        self.say(f"a damaged record was set aside as {path}; its run is done again")

    def progress(self, job: str, label: str, phase: str, step: int, steps: int) -> None:
        """Nothing."""

    def ended(self, job: str, label: str, status: str, message: str) -> None:
        """Nothing."""

    def preparing(self, label: str, done: int, total: int) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """One line on standard error."""
        with contextlib.suppress(BrokenPipeError):  # the reader has gone; the runs have not
            print(shown(line), file=sys.stderr, flush=True)


class Lines(Quiet):
    """Plain lines: the start, every failure, and now and then how far it is; every run with `--verbose`."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._jobs = self._ended = 0
        self._start = self._last = time.monotonic()

    def planned(self, to_do: int, done: int, source_models: int, second_trainings: int = 0) -> None:
        """Say what is to do."""
        self._jobs = to_do + source_models + second_trainings
        self._start = self._last = time.monotonic()  # what was prepared before says nothing of the runs
        self.say(_plan_line(to_do, done, source_models, second_trainings))

    def progress(self, job: str, label: str, phase: str, step: int, steps: int) -> None:
        """The step of whichever run is heard of when nothing has been said for a while."""
        now = time.monotonic()
        if now - self._last >= SILENT_SECONDS:
            self._last = now
            self.say(f"[{self._ended}/{self._jobs}] {label}: step {step:,} of {steps:,}")

    def ended(self, job: str, label: str, status: str, message: str) -> None:
        """Count, and say what failed."""
        self._ended += 1
        now = time.monotonic()
        if self._verbose or status in FAILED:
            self.say(f"[{self._ended}/{self._jobs}] {status}: {label}" + (f": {message}" if message else ""))
        elif now - self._last >= LINE_SECONDS or self._ended == self._jobs:
            left = (now - self._start) / self._ended * (self._jobs - self._ended)
            self.say(f"[{self._ended}/{self._jobs}] about {roughly(left)} left")
        else:
            return
        self._last = now

    def preparing(self, label: str, done: int, total: int) -> None:
        """Now and then how far it is."""
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            self.say(f"preparing {label}: {done:,} of {total:,}")


class Bars(Quiet):
    """A bar for the suite and one for each run in flight."""

    def __init__(self, progress: Progress, verbose: bool) -> None:
        self._bars = progress
        self._verbose = verbose
        self._suite: TaskID | None = None
        self._tasks: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        """Above the bars."""
        self._bars.console.print(shown(line), markup=False, highlight=False)

    def planned(self, to_do: int, done: int, source_models: int, second_trainings: int = 0) -> None:
        """Say what is to do, and start the suite's bar."""
        self.say(_plan_line(to_do, done, source_models, second_trainings))
        if jobs := to_do + source_models + second_trainings:
            self._suite = self._bars.add_task("suite", total=jobs)

    def progress(self, job: str, label: str, phase: str, step: int, steps: int) -> None:
        """Move the run's own bar."""
        if job not in self._tasks:
            self._tasks[job] = self._bars.add_task(f"  {shown(label)}", total=steps)
        self._bars.update(self._tasks[job], completed=step, total=steps)

    def preparing(self, label: str, done: int, total: int) -> None:
        """A bar of its own, which goes when it is full."""
        self.progress(label, f"preparing {label}", "", done, total)
        if done == total:
            self._bars.remove_task(self._tasks.pop(label))

    def ended(self, job: str, label: str, status: str, message: str) -> None:
        """Take the run's bar away, move the suite's."""
        if job in self._tasks:
            self._bars.remove_task(self._tasks.pop(job))
        if self._suite is not None:
            self._bars.advance(self._suite)
        if self._verbose or status in FAILED:
            self.say(f"{status}: {label}" + (f": {message}" if message else ""))


def _plan_line(to_do: int, done: int, source_models: int, second_trainings: int) -> str:
    parts = [f"{to_do} to do"] if to_do else []
    parts += [f"{source_models} trainings on a source that they share"] if source_models and to_do else []
    parts += [f"{second_trainings} second trainings for reverse-validation"] if second_trainings else []
    return f"{done} runs are there, {' and '.join(parts)}" if parts else f"all {done} runs are there"
