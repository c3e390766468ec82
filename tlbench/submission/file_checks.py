"""What can be said of a submission from its files alone: whole, of one piece, and chosen without test labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from tlbench.core.run_spec import RunSpec
from tlbench.errors import TlbenchError
from tlbench.evaluation.selection import HONEST, OF_CHECKPOINTS, choose
from tlbench.files import UnfitFile, read_file
from tlbench.leaderboard.analysis.result_set import ResultSet, load_result_set
from tlbench.publishing.predictions import Predictions, read_predictions
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.published_records import RECORDS_FILE
from tlbench.records.record import Record, new_record
from tlbench.submission.contributor import About
from tlbench.submission.submission_folder import ABOUT_FILE, CHECKSUMS_FILE
from tlbench.suites.suite import safe_name

#: Bytes that are read of who made it, and of its list of files.
LARGEST_TEXT = 16 * 2**20


@dataclass(frozen=True)
class Submission:
    """A submitted folder; its parts are read when a check asks, and raise `TlbenchError` where they are damaged."""

    folder: Path

    @cached_property
    def about(self) -> About:
        """Who made it."""
        path = self.folder / ABOUT_FILE
        try:
            return About.model_validate_json(read_file(path, LARGEST_TEXT))
        except OSError as error:
            raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            raise TlbenchError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error

    @cached_property
    def result_set(self) -> ResultSet:
        """Its plan and its records."""
        if not (self.folder / RECORDS_FILE).is_file():
            raise TlbenchError(f"{self.folder / RECORDS_FILE} does not exist")
        return load_result_set(self.folder)

    @cached_property
    def predictions(self) -> Predictions:
        """What its runs predicted."""
        return read_predictions(self.folder, self.result_set.records.values())

    @property
    def records(self) -> dict[str, Record]:
        """Its records by run key."""
        return self.result_set.records


class Note(str):
    """What is to be known, and is no fault."""


#: A fault a line, or a remark; nothing where all is well.
Check = Callable[[Submission], Iterator[str]]


def files(submission: Submission) -> Iterator[str]:
    """Every file is there, unchanged, and is listed."""
    listed = _listed(submission.folder / CHECKSUMS_FILE)
    found = {path.relative_to(submission.folder).as_posix(): path for path in submission.folder.rglob("*")}
    for name, path in found.items():
        if path.is_symlink():
            yield f"{name} is a link; a submission holds its files itself"
    there = {
        name: path
        for name, path in found.items()
        if name != CHECKSUMS_FILE and path.is_file() and not path.is_symlink()
    }
    for name in sorted(listed.keys() | there.keys()):
        if name not in there:
            yield f"{name} is listed in {CHECKSUMS_FILE}, and is not there"
        elif name not in listed:
            yield f"{name} is not listed in {CHECKSUMS_FILE}"
        elif hashlib.sha256(there[name].read_bytes()).hexdigest() != listed[name]:
            yield f"{name} is not the file that was submitted: its checksum is another"


def about(submission: Submission) -> Iterator[str]:
    """A contributor is named, and the suite that its runs are of."""
    if not submission.about.contributor.strip():
        yield f"{ABOUT_FILE} names no contributor"
    plan = submission.result_set.plan
    if submission.about.contributor != plan.contributor:
        yield f"{ABOUT_FILE} names {submission.about.contributor!r}, and the plan {plan.contributor!r}"
    try:
        safe_name(plan.suite)
    except ValueError as error:
        yield f"plan.json: {error}"
    if submission.about.suite != plan.suite:
        yield f"{ABOUT_FILE} is about {submission.about.suite!r}, the plan about {plan.suite!r}"


def whole(submission: Submission) -> Iterator[str]:
    """Every run of the plan is there; one that failed is a result, and says how it ended."""
    for key in submission.result_set.plan.run_keys:
        record = submission.records.get(key)
        if record is None:
            yield f"run {key} is missing; run the suite again, which does what is missing"
        elif record.status != "ok" and not record.why:
            yield f"run {key} is {record.status}, and does not say why"
        elif record.status not in ("ok", "skipped"):
            where = f"{record.variant} on {record.spec.pair}, seed {record.seed}"
            yield Note(f"{record.status}: {where}: {record.why}")


def keys(submission: Submission) -> Iterator[str]:
    """A run key is the hash of what decides its numbers, and the record says nothing else of its identity."""
    for key, record in submission.records.items():
        if record.spec.key != key:
            yield f"run {key}: what it is made from has the key {record.spec.key}"
            continue
        same = new_record(record.spec, record.variant, record.status, record.references)
        for name in Record.model_fields.keys() & RunSpec.model_fields.keys():
            if getattr(same, name) != getattr(record, name):
                yield f"run {key}: {name} is {getattr(record, name)!r}, and {getattr(same, name)!r} in its description"
    for cell in submission.result_set.cells:
        record_of = submission.records.get(cell.run_key)
        if record_of is not None:
            yield from _of_another_run(cell, record_of)


def selection(submission: Submission) -> Iterator[str]:
    """Nothing that is ranked was chosen by target test labels, and every checkpoint is the one its protocol chooses."""
    own = submission.result_set.plan.selection
    if own not in HONEST:
        yield f"the suite ranks by {own!r}, which chooses by target test labels; allowed: {', '.join(sorted(HONEST))}"
    for key, record in submission.records.items():
        if record.status == "ok":
            yield from (f"run {key}: {fault}" for fault in _ill_chosen(record))


def numbers(submission: Submission) -> Iterator[str]:
    """Seconds, rates and memory are finite and not negative; scores are finite."""
    for key, record in submission.records.items():
        own, shared = record.seconds.own.model_dump(), record.seconds.shared.model_dump()
        cost = {**own, **{f"shared {name}": value for name, value in shared.items()}}
        cost |= record.throughput.model_dump(exclude={"by_steps"}) | record.peak_memory.model_dump()
        for name, value in cost.items():
            if value is not None and not 0 <= value < _MOST:
                yield f"run {key}: {name} is {value}"
        for protocol, scores in record.metrics.items():
            for name, value in scores.items():
                if isinstance(value, float) and not abs(value) < _MOST:
                    yield f"run {key}: {name} of {protocol} is {value}"


#: No run takes so many seconds (three thousand years), no machine so many examples in one.
_MOST = 1e11
#: In the order in which they are said.
CHECKS: Mapping[str, Check] = MappingProxyType(
    {"files": files, "about": about, "whole": whole, "numbers": numbers, "run keys": keys, "selection": selection}
)


def _listed(path: Path) -> dict[str, str]:
    try:
        lines = read_file(path, LARGEST_TEXT).decode("utf-8").splitlines()
    except (OSError, UnfitFile, UnicodeDecodeError) as error:
        raise TlbenchError(f"cannot read {path}: {error}; `tlbench submit SUITE` writes it") from error
    pairs = (line.split("  ", 1) for line in lines if line.strip())
    return {name: digest for digest, name in (pair for pair in pairs if len(pair) == 2)}


def _of_another_run(cell: PlannedCell, record: Record) -> Iterator[str]:
    """What a place in the tables says of its run, and what the run is."""
    for name in ("strategy", "backbone", "source", "target", "setting", "shots", "evaluation", "seed"):
        asked, got = getattr(cell, name), getattr(record, name)
        # A reference stands in the place of a pair and a budget that it does not use itself.
        if cell.role != "reference" and asked != got:
            yield f"run {record.run_key}: {name} is {got!r}, and {asked!r} in the plan"


def _ill_chosen(record: Record) -> Iterator[str]:
    steps = record.checkpoints
    for protocol, scores in record.metrics.items():
        step = scores.get("checkpoint")
        rated = record.selection.get(protocol, [])
        if step not in steps:
            yield f"{protocol} chose step {step}, which is no checkpoint of {steps}"
        elif protocol not in OF_CHECKPOINTS or record.setting == "unsupervised":
            # Reverse validation rates the last step alone, and so is clustering scored.
            if step != steps[-1]:
                yield f"{protocol} chose step {step}, and rates the last, {steps[-1]}, alone"
        elif len(rated) != len(steps):
            yield f"{protocol} rated {len(rated)} checkpoints of {len(steps)}"
        else:
            by_step = {at: {protocol: _number(score)} for at, score in zip(steps, rated, strict=True)}
            if (right := choose(by_step, protocol)) != step:
                yield f"{protocol} chose step {step}, and by its own scores step {right} is best"
    of_step: dict[object, tuple[str, object]] = {}
    for protocol, scores in record.metrics.items():
        first, same = of_step.setdefault(scores.get("checkpoint"), (protocol, scores))
        if same != scores:
            yield f"{first} and {protocol} chose the same step, with other scores"


def _number(score: float | None) -> float:
    """A score that was not finite is the worst there is."""
    return float("-inf") if score is None else score
