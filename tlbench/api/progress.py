"""What a running suite shows in a notebook: a bar by tqdm where it is there, plain lines where it is not."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tlbench.cli import progress as terminal

if TYPE_CHECKING:
    from tlbench.execution.session import Listener


@contextmanager
def listener(wanted: bool) -> Iterator[Listener]:
    """The listener for this process: of a notebook, of a terminal, or a quiet one."""
    if wanted and in_notebook():
        make = _bar_maker()
        heard = terminal.Lines(verbose=False) if make is None else NotebookBar(make)
        with contextlib.closing(heard) if isinstance(heard, NotebookBar) else contextlib.nullcontext():
            yield heard
        return
    with terminal.listener(quiet=not wanted, verbose=False) as heard_there:
        yield heard_there


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    module = sys.modules.get("IPython")  # a kernel has imported it
    shell = module.get_ipython() if module is not None else None
    return hasattr(shell, "kernel")


def _bar_maker() -> Callable[..., Any] | None:
    """The kind of bar that this notebook can show; None without tqdm."""
    if importlib.util.find_spec("tqdm") is None:
        return None
    with warnings.catch_warnings():
        # Without ipywidgets it draws with characters, which is good enough to go without a warning.
        warnings.simplefilter("ignore", importlib.import_module("tqdm").TqdmWarning)
        maker: Callable[..., Any] = importlib.import_module("tqdm.auto").tqdm
    return maker


class NotebookBar(terminal.Lines):
    """One bar for the suite, which names what runs: a bar for each run would leave a notebook full of them."""

    def __init__(self, make: Callable[..., Any]) -> None:
        super().__init__(verbose=False)
        self._make = make
        self._suite: Any = None
        self._preparing: Any = None

    def planned(self, to_do: int, done: int, source_models: int, second_trainings: int = 0) -> None:
        """Say what is to do, and start the bar."""
        super().planned(to_do, done, source_models, second_trainings)
        if jobs := to_do + source_models + second_trainings:
            self._suite = self._make(total=jobs, desc="suite", unit="run")

    def progress(self, job: str, label: str, phase: str, step: int, steps: int) -> None:
        """Name the run that has just been heard of."""
        if self._suite is not None:
            self._suite.set_postfix_str(f"{label}, {phase} {step}/{steps}")

    def ended(self, job: str, label: str, status: str, message: str) -> None:
        """Move the bar, and say what failed."""
        if self._suite is not None:
            self._suite.update(1)
        if status in terminal.FAILED:
            self.say(f"{status}: {label}" + (f": {message}" if message else ""))

    def preparing(self, label: str, done: int, total: int) -> None:
        """A bar of its own, which goes when it is full."""
        if self._preparing is None:
            self._preparing = self._make(total=total, desc=f"preparing {label}", leave=False)
        self._preparing.update(done - self._preparing.n)
        if done == total:
            self._preparing.close()
            self._preparing = None

    def close(self) -> None:
        """Leave the bars as they are."""
        for bar in (self._suite, self._preparing):
            if bar is not None:
                bar.close()
