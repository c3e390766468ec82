"""The checks of a submission in their order: what its files say, what is here, and some runs made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.errors import TlbenchError
from tlbench.submission.checks import CHECKS, Submission
from tlbench.submission.folder import PLUGINS_FOLDER, SUITE_FILE

if TYPE_CHECKING:
    from tlbench.asked.preparing import Ready
    from tlbench.submission.checks_here import Here


@dataclass(frozen=True)
class Checked:
    """A check that was made: its faults, a line each, none where it is passed; and what is to be known beside them."""

    name: str
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check_files(submission: Submission) -> Iterator[Checked]:
    """What its files say by themselves. Nothing of it is run."""
    for name, check in CHECKS.items():
        yield Checked(name, _faults(lambda check=check: check(submission)), _remarks(name, submission))  # type: ignore[misc]


def check_here(here: Here) -> Iterator[Checked]:
    """What it is beside the suite, the data and the labels that are here."""
    from tlbench.submission.checks_here import CHECKS_HERE, MAY_DIFFER, not_recomputed

    for name, check in CHECKS_HERE.items():
        faults = _faults(lambda check=check: check(here))  # type: ignore[misc]
        remarks = []
        if name == "suite":
            other = {words for one in here.planned.values() for words in one.differs if words in MAY_DIFFER}
            remarks = [f"another {words} than here" for words in sorted(other)]
        if name == "scores" and not faults:
            remarks = list(filter(None, [not_recomputed(here)]))
        yield Checked(name, faults, remarks)


def code_of(submission: Submission) -> list[Path]:
    """The files of code that came with it."""
    return sorted((submission.folder / PLUGINS_FOLDER).glob("*.py"))


def prepared(
    submission: Submission, device: str, workers: int | None, files: Sequence[str], trusted: Sequence[str]
) -> Ready:
    """Its suite planned here, as most of its runs were computed: the built-in one of that name, or its own file.

    Raises `TlbenchError` where that is not possible, and for a file that calls itself as a built-in suite.
    """
    from tlbench.asked.preparing import Request, prepare
    from tlbench.plugins import plugin_host
    from tlbench.verification.again import compute_of, strategies_of

    own, name = submission.folder / SUITE_FILE, submission.board.plan.suite
    built_in = name in plugin_host(files).registries["suites"]
    if built_in and own.is_file():
        raise TlbenchError(f"there is a built-in suite {name!r}, and {SUITE_FILE} is another of that name; rename it")
    threads, deterministic = compute_of(list(submission.records.values()))
    request = Request(
        name if built_in else str(own),
        tuple(files),
        (),
        None,
        device,
        workers,
        threads,
        deterministic,
        tuple(trusted),
        strategies_of(submission.board),
    )
    ready = prepare(request)
    if ready.suite.name != name:
        raise TlbenchError(f"{SUITE_FILE} is of the suite {ready.suite.name!r}, and the runs are of {name!r}")
    return ready


def _faults(check: Callable[[], Iterator[str]]) -> list[str]:
    """A part that cannot be read is a fault as others are."""
    found: list[str] = []
    try:
        found.extend(check())
    except TlbenchError as error:
        found.append(str(error))
    except Exception as error:  # a record may hold anything where a check expects a number
        found.append(f"it holds what cannot be checked ({type(error).__name__}: {error})")
    return found


def _remarks(name: str, submission: Submission) -> list[str]:
    """Runs that failed, which tables show as missing with the reason."""
    if name != "whole":
        return []
    try:
        failed = [record for record in submission.records.values() if record.status not in ("ok", "skipped")]
    except Exception:  # `whole` has said what is wrong
        return []
    return [
        f"{record.status}: {record.variant} on {record.spec.pair}, seed {record.seed}: {record.why}"
        for record in failed
    ]
