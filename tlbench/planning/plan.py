"""A plan: the cells of a suite's tables, the runs that fill them, and the work that runs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tlbench.errors import TlbenchError, unknown
from tlbench.filters import fits
from tlbench.record import Record
from tlbench.spec import RunSpec, Setting, Shots, SourceModelSpec
from tlbench.suites.claims import Claim
from tlbench.suites.suite import Suite


@dataclass(frozen=True)
class Cell:
    """One place in the tables: a variant or reference on a pair for a seed, and the run that fills it."""

    variant: str
    strategy: str
    params: dict[str, Any]
    backbone: str
    source: list[str]
    target: str
    setting: Setting
    shots: Shots | None
    evaluation: str
    seed: int
    role: Literal["strategy", "reference"]
    family: str | None
    run_key: str
    references: dict[str, str]

    @property
    def pair(self) -> str:
        """`source:target`, as users type it."""
        return f"{'+'.join(self.source)}:{self.target}"


@dataclass(frozen=True)
class PlannedRun:
    """A run that a plan asks for, and the metrics that it is scored by.

    `skip` is the reason why it makes no sense, or None. `reverse`: whether a second training, back to the source, is
    asked for too.
    """

    spec: RunSpec
    variant: str
    references: dict[str, str]
    needs_source_model: bool
    metrics: tuple[str, ...]
    skip: str | None
    reverse: bool = False

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
    """Cells of the tables, the runs behind them by key, and the source models that runs share by key."""

    suite: Suite
    cells: list[Cell] = field(default_factory=list)
    runs: dict[str, PlannedRun] = field(default_factory=dict)

    def source_models(self) -> dict[str, SourceModelSpec]:
        """The shared trainings that the runs need."""
        needed = (run.spec.source_model() for run in self.runs.values() if run.needs_source_model and not run.skip)
        return {spec.key: spec for spec in needed}

    def select(self, chosen: Filters) -> Plan:
        """The part of this plan that filters leave, with the references of what they leave.

        Raises `TlbenchError` for a filter that matches nothing.
        """
        chosen.check(self.cells)
        wanted = [cell for cell in self.cells if chosen.match(cell)]
        if not wanted:
            raise TlbenchError(f"the filters {chosen} leave nothing to run: each matches, but never together")
        keys = {cell.run_key for cell in wanted} | {key for cell in wanted for key in cell.references.values()}
        cells = [cell for cell in self.cells if cell in wanted or self._refers(cell, wanted)]
        cells = [cell for cell in cells if cell.run_key in keys]  # a strategy's own reference goes with it
        return Plan(self.suite, cells, {key: run for key, run in self.runs.items() if key in keys})

    @staticmethod
    def _refers(cell: Cell, wanted: Sequence[Cell]) -> bool:
        """Whether a reference's cell stands in the same table and pair as something wanted."""
        if cell.role != "reference":
            return False
        place = (cell.pair, cell.setting, cell.shots, cell.seed, cell.backbone)
        return any(place == (other.pair, other.setting, other.shots, other.seed, other.backbone) for other in wanted)

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
            "cells": [asdict(cell) for cell in self.cells],
            "claims": [claim.model_dump(mode="json") for claim in self._claims()],
        }

    def _claims(self) -> list[Claim]:
        """The published figures of this dataset and these backbones."""
        backbones = {cell.backbone for cell in self.cells}
        return [c for c in self.suite.published if c.dataset == self.suite.dataset and c.backbone in backbones]


@dataclass(frozen=True)
class Filters:
    """Globs of `--strategy`, `--pair`, `--backbone`, `--seed`, `--setting`; an empty list leaves everything."""

    strategy: Sequence[str] = ()
    pair: Sequence[str] = ()
    backbone: Sequence[str] = ()
    seed: Sequence[str] = ()
    setting: Sequence[str] = ()

    def _values(self, cell: Cell) -> dict[str, set[str]]:
        return {
            "strategy": {cell.variant, cell.strategy, *filter(None, [cell.family])},
            "pair": {cell.pair},
            "backbone": {cell.backbone},
            "seed": {str(cell.seed)},
            "setting": {cell.setting},
        }

    def match(self, cell: Cell) -> bool:
        """Whether every filter leaves this cell."""
        return all(
            not (globs := getattr(self, name)) or any(fits(value, glob) for value in values for glob in globs)
            for name, values in self._values(cell).items()
        )

    def check(self, cells: Sequence[Cell]) -> None:
        """Raise `TlbenchError` for a glob that matches nothing at all."""
        for name in ("strategy", "pair", "backbone", "seed", "setting"):
            known = {value for cell in cells for value in self._values(cell)[name]}
            for glob in getattr(self, name):
                if not any(fits(value, glob) for value in known):
                    raise TlbenchError(f"--{name} {glob!r}: {unknown(name, glob, known)}")

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in ("strategy", "pair", "backbone", "seed", "setting"))
