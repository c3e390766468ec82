"""The checks of a submission in their order: what its files say, what is here, and some runs made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tlbench.errors import TlbenchError
from tlbench.submission.file_checks import CHECKS, Note, Submission
from tlbench.submission.submission_folder import PLUGINS_FOLDER, SUITE_FILE

if TYPE_CHECKING:
    from tlbench.runner.prepare import PreparedSuite
    from tlbench.submission.local_checks import LocalSubmission

Given = TypeVar("Given")


@dataclass(frozen=True)
class CheckReport:
    """A check that was made: its faults, a line each, none where it is passed; and what is to be known beside them."""

    name: str
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check_files(submission: Submission) -> Iterator[CheckReport]:
    """What its files say by themselves. Nothing of it is run."""
    return (_checked(name, check, submission) for name, check in CHECKS.items())


def check_here(here: LocalSubmission) -> Iterator[CheckReport]:
    """What it is beside the suite, the data and the labels that are here."""
    from tlbench.submission.local_checks import CHECKS_HERE

    return (_checked(name, check, here) for name, check in CHECKS_HERE.items())


def code_of(submission: Submission) -> list[Path]:
    """The files of code that came with it."""
    return sorted((submission.folder / PLUGINS_FOLDER).glob("*.py"))


def prepared(
    submission: Submission, device: str, workers: int | None, files: Sequence[str], trusted: Sequence[str]
) -> PreparedSuite:
    """Its suite planned here, as most of its runs were computed: the built-in one of that name, or its own file.

    Raises `TlbenchError` where that is not possible, and for a file that calls itself as a built-in suite.
    """
    from tlbench.plugins.manager import plugin_host
    from tlbench.runner.prepare import Request, prepare
    from tlbench.verification.rerun import compute_of, strategies_of

    own, name = submission.folder / SUITE_FILE, submission.result_set.plan.suite
    built_in = name in plugin_host(files).registries["suites"]
    if built_in and own.is_file():
        raise TlbenchError(f"there is a built-in suite {name!r}, and {SUITE_FILE} is another of that name; rename it")
    compute = compute_of(list(submission.records.values()))
    request = Request(
        suite=name if built_in else str(own),
        plugin_files=tuple(files),
        device=device,
        workers=workers,
        threads=compute.threads,
        deterministic=compute.deterministic,
        precision=compute.precision,
        trusted=tuple(trusted),
        added=strategies_of(submission.result_set),
    )
    ready = prepare(request)
    if ready.suite.name != name:
        raise TlbenchError(f"{SUITE_FILE} is of the suite {ready.suite.name!r}, and the runs are of {name!r}")
    return ready


def _checked(name: str, check: Callable[[Given], Iterator[str]], given: Given) -> CheckReport:
    """A part that cannot be read is a fault as others are."""
    said: list[str] = []
    try:
        said.extend(check(given))
    except TlbenchError as error:
        said.append(str(error))
    except Exception as error:  # a record may hold anything where a check expects a number
        said.append(f"it holds what cannot be checked ({type(error).__name__}: {error})")
    remarks: list[str] = [line for line in said if isinstance(line, Note)]
    return CheckReport(name, [line for line in said if not isinstance(line, Note)], remarks)
