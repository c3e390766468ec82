"""A plan: the cells of a suite's tables, the runs that fill them, and the work that runs share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from tlbench.core.run_spec import RunSpec, SourceModelSpec
from tlbench.errors import TlbenchError
from tlbench.records.data_note import DataNote
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import Record
from tlbench.records.shared_examples import SharedExamples
from tlbench.suites.filters import Filters, check, leaves
from tlbench.suites.suite import Suite

#: Raised when a plan on disk says more than before, so that one written earlier is written anew.
PLAN_LAYOUT = 5


@dataclass(frozen=True)
class PlannedRun:
    """A run that a plan asks for, and the metrics that it is scored by.

    `skip` is the reason why it makes no sense, or None. `reverse`: whether a second training, back to the source, is
    asked for too. `source_free`: whether it is given the source model alone, and no source example.
    """

    spec: RunSpec
    variant: str
    references: dict[str, str]
    needs_source_model: bool
    metrics: tuple[str, ...]
    skip: str | None
    reverse: bool = False
    source_free: bool = False

    def is_scored_in(self, record: Record) -> bool:
        """Whether a record has the numbers that are asked for."""
        return record.status == "ok" and record.metrics["last"].keys() >= set(self.metrics)

    def lacks_second_training(self, record: Record) -> bool:
        """Whether the second training is asked for and not in a record."""
        return self.reverse and "reverse-validation" not in record.metrics

    def is_answered_by(self, record: Record | None) -> bool:
        """Whether nothing of this run is left to do."""
        return record is not None and self.is_scored_in(record) and not self.lacks_second_training(record)


@dataclass
class Plan:
    """Cells of the tables, the runs behind them by key, and the source models that runs share by key.

    `test_examples`: by domain the size of its test split under the suite's evaluation, in the first seed's split;
    `classes`: how many it has. `notes`: what readers of a table are told of the data. `warnings`: what users are told
    of the plan beforehand, as sentences. `own_data`: whether the dataset is the user's own.
    """

    suite: Suite
    cells: list[PlannedCell] = field(default_factory=list)
    runs: dict[str, PlannedRun] = field(default_factory=dict)
    shared: list[SharedExamples] = field(default_factory=list)
    test_examples: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    notes: list[DataNote] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    own_data: bool = False

    def source_models(self) -> dict[str, SourceModelSpec]:
        """The shared trainings that the runs need."""
        needed = (run.spec.source_model() for run in self.runs.values() if run.needs_source_model and not run.skip)
        return {spec.key: spec for spec in needed}

    def select(self, filters: Filters) -> Plan:
        """The part of this plan that filters leave, with the references of what they leave.

        Raises `TlbenchError` for a filter that matches nothing.
        """
        check(filters, self.cells)
        wanted = [cell for cell in self.cells if leaves(filters, cell)]
        if not wanted:
            raise TlbenchError("the filters leave nothing to run: each matches, but never together")
        keys = {cell.run_key for cell in wanted} | {key for cell in wanted for key in cell.references.values()}
        places = {_place(cell) for cell in wanted}
        # A strategy's own reference, which stands in the same place as those of others, goes with its strategy.
        beside = {id(cell) for cell in self.cells if cell.role == "reference" and _place(cell) in places}
        shown = {id(cell) for cell in wanted} | beside
        cells = [cell for cell in self.cells if id(cell) in shown and cell.run_key in keys]
        runs = {key: run for key, run in self.runs.items() if key in keys}
        return replace(self, cells=cells, runs=runs)

    def to_json(self) -> dict[str, Any]:
        """What `leaderboard` needs to know, as plain data."""
        return {
            "suite": self.suite.name,
            "dataset": self.suite.dataset,
            "primary_metric": self.suite.metrics[0],
            "metrics": self.suite.scored_by,
            "selection": self.suite.selection,
            "seeds": list(self.suite.seeds),
            "asked": {key: [*run.metrics, *(["reverse"] if run.reverse else [])] for key, run in self.runs.items()},
            "cells": [cell.model_dump(mode="json") for cell in self.cells],
            "shared": [shared.model_dump(mode="json") for shared in self.shared],
            "test_examples": self.test_examples,
            "classes": self.classes,
            "rope": self.suite.rope,
            "own_data": self.own_data,
            "claims": [c.model_dump(mode="json") for c in self.suite.published if c.dataset == self.suite.dataset],
            # A file may hold the figures of a whole literature, which no table of this suite can show.
            "claims_elsewhere": self._claims_elsewhere(),
            "summary": self.suite.summary,
            "about": self.suite.about_text,
            "views": self.suite.views,
            # Left out where there are none, as in what was published before.
            **({"notes": [note.model_dump(mode="json") for note in self.notes]} if self.notes else {}),
        }

    def _claims_elsewhere(self) -> dict[str, int]:
        """How many published figures there are of each other dataset."""
        return dict(Counter(c.dataset for c in self.suite.published if c.dataset != self.suite.dataset))


def _place(cell: PlannedCell) -> tuple[object, ...]:
    """The table, pair and seed that a cell stands in."""
    return cell.pair, cell.setting, cell.shots, cell.seed, cell.backbone
