"""What a results folder holds of a plan's runs: which records are reused, and how new ones are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tlbench.core.garbage_collection import collection_paused
from tlbench.errors import TlbenchError
from tlbench.execution.job import PREDICTED
from tlbench.execution.work_items import WorkItem, reverse_work
from tlbench.planning.plan import Plan, PlannedRun
from tlbench.records.kept_models import model_folder
from tlbench.records.record import Record, new_record
from tlbench.records.result_folder import ResultFolder

Reuse = Literal["failed", "always", "never"]


@dataclass(frozen=True)
class StoredRuns:
    """`reuse` says which records are reused; `keep_models` names the runs that need their models beside them."""

    results: ResultFolder
    reuse: Reuse
    keep_models: frozenset[str]

    def find(self, plan: Plan, set_aside: Callable[[Path], None]) -> tuple[dict[str, Record], list[WorkItem]]:
        """The records that stand, by run key, and the second trainings that some of them lack.

        Of a run that makes no sense the record is written here. `set_aside` hears of each damaged record.
        """
        with collection_paused():
            return self._find(plan, set_aside)

    def _find(self, plan: Plan, set_aside: Callable[[Path], None]) -> tuple[dict[str, Record], list[WorkItem]]:
        records: dict[str, Record] = {}
        second: list[WorkItem] = []
        for key, run in plan.runs.items():
            if run.skip is not None:
                records[key] = self._skipped(key, run)
                continue
            record, aside = self.results.read_or_set_aside(key)
            if aside is not None:
                set_aside(aside)
            if record is None or not self._stands(run, record):
                continue
            if run.lacks_second_training(record):
                predicted = (self.results.predictions(key) or {}).get(PREDICTED)
                if predicted is None:
                    continue
                second.append(reverse_work(run, predicted.astype(np.int64)))
            records[key] = record
        return records, second

    def keep(self, record: Record, arrays: dict[str, NDArray[Any]] | None) -> None:
        """Write a record with its predictions; no failure takes the place of a result, unless all are to be redone."""
        if record.status == "ok" or self.reuse == "never" or not self._has_result(record.run_key):
            self.results.write(record, arrays)

    def _stands(self, run: PlannedRun, record: Record) -> bool:
        """Whether a record has the numbers that the suite asks for now: metrics are no part of the key."""
        if record.status != "ok":
            return self.reuse == "always"
        if run.spec.key in self.keep_models and not model_folder(self.results, run.spec.key).is_dir():
            return False
        return self.reuse != "never" and run.is_scored_in(record)

    def _skipped(self, key: str, run: PlannedRun) -> Record:
        """The record of a run that makes no sense, written once."""
        with contextlib.suppress(TlbenchError):
            old = self.results.read(key)
            if old is not None and old.status == "skipped" and old.reason == run.skip:
                return old
        record = new_record(run.spec, run.variant, "skipped", run.references, reason=run.skip)
        self.results.write(record)
        return record

    def _has_result(self, key: str) -> bool:
        """Whether a record is there that is ok, only short of what is asked now."""
        with contextlib.suppress(TlbenchError):
            old = self.results.read(key)
            return old is not None and old.status == "ok"
        return False
