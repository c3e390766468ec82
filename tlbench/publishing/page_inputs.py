"""What a page is made from: a plan and the records of its runs, as they stand in a folder, checked and in one order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from tlbench.core.secret_masking import masked_data
from tlbench.errors import Faults, TlbenchError
from tlbench.leaderboard.analysis.result_set import PlanHeader, ResultSet, read_plan
from tlbench.leaderboard.claims.current_figures import current_figures
from tlbench.publishing.path_redaction import FREE_TEXT, paths_in, shortened
from tlbench.publishing.predictions import Predictions, read_predictions
from tlbench.records.item_correctness import Packed, look_up, packed_correct
from tlbench.records.json_lines import compact, key_by_key
from tlbench.records.plan_file import plan_content
from tlbench.records.published_records import PublishedFolder, is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

#: Of a plan, text that people wrote; a path in it is one that they mean.
_WRITTEN = ("about", "summary", "claims")


@dataclass(frozen=True)
class PageInputs:
    """`plan` and `records` (by run key, sorted) as JSON of one form, without paths of the machine they are from.

    `predictions`: class ids by run key, of the runs that have any; `correct`: which test items they have right.

    They are kept as they were written: a later tlbench whose records have more fields makes the same files of them.
    """

    plan: str
    records: Mapping[str, str]
    predictions: Predictions = field(default_factory=dict)
    correct: Packed = field(default_factory=dict)
    #: What has become of the suite's file of published figures since it was run.
    told: tuple[str, ...] = ()

    @cached_property
    def result_set(self) -> ResultSet:
        """The result set of the tables."""
        records = {key: Record.model_validate_json(record) for key, record in self.records.items()}
        return ResultSet(PlanHeader.model_validate_json(self.plan), records, correct=look_up(self.correct))

    @property
    def suite(self) -> str:
        """The suite's name."""
        return self.result_set.plan.suite


def read_page_inputs(folder: Path) -> PageInputs:
    """The material in `results/<suite>/` or in a published folder.

    Records of runs that the plan does not ask for are left out of the first, and are a fault of the second.
    Raises `TlbenchError` where the plan or a record is damaged, where there is no record, where a name holds a path of
    this machine, and where the folder does not bear its suite's name.
    """
    header = read_plan(folder)
    if header.suite != folder.resolve().name:
        raise TlbenchError(f"{folder} holds the suite {header.suite!r}; give the folder that name")
    contents = _published(folder, header) if is_published(folder) else _stored(folder, header)
    if not contents:
        raise TlbenchError(f"no records of {header.suite!r} in {folder}; run the suite first (tlbench run SUITE)")
    plan = {key: value for key, value in (plan_content(folder) or {}).items() if key in PlanHeader.model_fields}
    figures = current_figures(folder, header)
    plan |= {key: to_jsonable_python(value) for key, value in figures.changes.items()}
    records = {key: json.loads(contents[key]) for key in sorted(contents)}
    with_paths = [key for key in records if _may_hold_paths(contents[key])]
    _refuse_paths(folder, plan, [records[key] for key in with_paths])
    records |= {key: _cleaned(records[key]) for key in with_paths}
    records = {key: _without_secrets(record) for key, record in records.items()}
    material = PageInputs(key_by_key(plan), {key: compact(record) for key, record in records.items()})
    told = (figures.note,) if figures.note else ()
    found = material.result_set.records
    predictions, correct = read_predictions(folder, found.values()), packed_correct(folder, found, header.selection)
    return replace(material, told=told, predictions=predictions, correct=correct)


def _published(folder: Path, header: PlanHeader) -> Mapping[str, bytes]:
    published = PublishedFolder(folder)
    published.records(header.run_keys)
    return published.lines


def _stored(folder: Path, header: PlanHeader) -> dict[str, bytes]:
    results = ResultFolder(folder.parent, folder.name)
    bodies = {key: results.body(key) for key in header.run_keys}
    return {key: body for key, body in bodies.items() if body is not None}


def _may_hold_paths(content: bytes) -> bool:
    """Most records hold no path at all, and need not be searched."""
    return b"/" in content or b"\\" in content


def _cleaned(record: dict[str, Any]) -> dict[str, Any]:
    return {key: shortened(value) if key in FREE_TEXT else value for key, value in record.items()}


def _without_secrets(record: dict[str, Any]) -> dict[str, Any]:
    """By their forms and names alone: what is published does not depend on who publishes it."""
    return {key: masked_data(value, {}) if key in FREE_TEXT else value for key, value in record.items()}


def _refuse_paths(folder: Path, plan: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> None:
    """Shortened, such a name would no longer be that of the run."""
    found = dict.fromkeys(paths_in({key: value for key, value in plan.items() if key not in _WRITTEN}))
    for record in records:
        found |= dict.fromkeys(paths_in({key: value for key, value in record.items() if key not in FREE_TEXT}))
    if found:
        title = f"{folder} cannot be published, since names hold paths of a machine; write them relative in the suite"
        raise Faults(f"{title} file, and run it again", [f"{place}: {text!r}" for place, text in found])
