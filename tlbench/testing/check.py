"""What a check is: a name, a sentence, and a function that says what is wrong and what to do."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "skipped"]


class CheckFailed(AssertionError):
    """What is wrong with a plugin, where, and what to do."""


class NotApplicable(Exception):
    """Why a check says nothing of a plugin."""


@dataclass(frozen=True)
class Check:
    """One check of one plugin. Called, it raises `CheckFailed`, `NotApplicable`, or what the plugin itself raises."""

    name: str
    about: str
    subject: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Check."""
        self.run()

    def __repr__(self) -> str:
        return f"{self.subject}-{self.name}"


@dataclass(frozen=True)
class Outcome:
    """How a check ended: for a failure with what is wrong, for a skip with the reason."""

    check: Check
    status: Status
    message: str
    seconds: float


def outcome(check: Check) -> Outcome:
    """Run a check; whatever the plugin does but end the process is an outcome. Ctrl-C goes on."""
    start = time.perf_counter()
    status: Status = "passed"
    message = ""
    try:
        check()
    except NotApplicable as reason:
        status, message = "skipped", str(reason)
    except CheckFailed as failure:
        status, message = "failed", str(failure)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit
        status, message = "failed", _raised(error)
    return Outcome(check, status, message, time.perf_counter() - start)


def _raised(error: BaseException) -> str:
    """The error with the last line of the plugin's own code that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tlbench/" not in frame.filename]
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    where = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"it raised {type(error).__name__}: {error}{where}"
