"""From a suite to runs: what is asked, the references that give it a meaning, and the work that runs share."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from tlbench.claims import Claim
from tlbench.data.shots import draw_shots
from tlbench.data.store import DomainStore, ReadyDomain
from tlbench.errors import DataError, Faults, TlbenchError, unknown
from tlbench.plugins import PluginHost, entry_version
from tlbench.spec import Compute, RunSpec, Setting, Shots, SourceModelSpec
from tlbench.strategy import Strategy
from tlbench.suite import WEIGHTS, NamedVariant, Part, Suite
from tlbench.task import TaskOutline


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
    run_key: str
    references: dict[str, str]

    @property
    def pair(self) -> str:
        """`source:target`, as users type it."""
        return f"{'+'.join(self.source)}:{self.target}"


@dataclass(frozen=True)
class PlannedRun:
    """A run that a plan asks for. `skip` is the reason why it makes no sense, or None."""

    spec: RunSpec
    variant: str
    references: dict[str, str]
    needs_source_model: bool
    skip: str | None


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
            "metrics": list(self.suite.metrics),
            "selection": self.suite.selection,
            "seeds": list(self.suite.seeds),
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
            "strategy": {cell.variant, cell.strategy},
            "pair": {cell.pair},
            "backbone": {cell.backbone},
            "seed": {str(cell.seed)},
            "setting": {cell.setting},
        }

    def match(self, cell: Cell) -> bool:
        """Whether every filter leaves this cell."""
        return all(
            not (globs := getattr(self, name)) or any(_fits(value, glob) for value in values for glob in globs)
            for name, values in self._values(cell).items()
        )

    def check(self, cells: Sequence[Cell]) -> None:
        """Raise `TlbenchError` for a glob that matches nothing at all."""
        for name in ("strategy", "pair", "backbone", "seed", "setting"):
            known = {value for cell in cells for value in self._values(cell)[name]}
            for glob in getattr(self, name):
                if not any(_fits(value, glob) for value in known):
                    raise TlbenchError(f"--{name} {glob!r}: {unknown(name, glob, known)}")

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in ("strategy", "pair", "backbone", "seed", "setting"))


def _fits(value: str, glob: str) -> bool:
    """A glob, or the name itself: names of grid members hold brackets, which a glob reads otherwise."""
    return value == glob or fnmatch.fnmatchcase(value, glob)


class Planner:
    """Makes the plan of one suite: every cell with its run, its references and their runs."""

    def __init__(self, suite: Suite, host: PluginHost, domains: DomainStore, compute: Compute) -> None:
        self._suite = suite
        self._host = host
        self._domains = domains
        self._compute = compute
        self._classes: dict[str, type[Strategy]] = {}
        self._plan = Plan(suite)

    def plan(self) -> Plan:
        """The whole plan. Raises `TlbenchError` where a name or a parameter is wrong."""
        self._check_supported()
        self._check_shots()
        for part in self._suite.part:
            for place in self._places(part):
                self._plan_place(part, place)
        return self._plan

    def _check_supported(self) -> None:
        """Say plainly what a suite file may name, but this version cannot run yet."""
        faults = []
        if self._suite.evaluation != "held-out":
            faults.append(f"evaluation {self._suite.evaluation!r}; use 'held-out'")
        for part in self._suite.part:
            if part.setting == "unsupervised":
                faults.append("setting 'unsupervised'; use 'transductive' or 'inductive'")
            if part.pairs != "all" and any(text.startswith(f"{WEIGHTS}:") for text in part.pairs):
                faults.append(f"pairs from {WEIGHTS!r}; name a domain as the source")
        if faults:
            raise Faults(f"suite {self._suite.name!r} asks for what this version cannot run yet", faults)

    def _check_shots(self) -> None:
        """Every class of every target must have as many training examples as `shots` asks for."""
        faults = {
            str(error): None
            for part in self._suite.part
            if part.setting == "inductive"
            for place in self._places(part)
            if (error := self._shots_fault(place)) is not None
        }
        if faults:
            raise Faults(f"suite {self._suite.name!r} cannot run", list(faults))

    @staticmethod
    def _shots_fault(place: _Place) -> DataError | None:
        target = place.ready[place.target]
        try:
            draw_shots(
                target.labels("train"), target.class_names, place.shots or "all", 0, target.name, target.revision
            )
        except DataError as error:
            return error
        return None

    def _places(self, part: Part) -> Iterator[_Place]:
        all_shots = part.shots if isinstance(part.shots, list) else [part.shots]
        for shots in all_shots:
            for backbone in part.backbones or self._suite.backbones:
                for sources, target in self._suite.pairs(part, self._domains.dataset.domains):
                    ready = {name: self._domains.get(name) for name in (*sources, target)}
                    for seed in self._suite.seeds:
                        yield _Place(part.setting, shots, backbone, sources, target, seed, ready)

    def _plan_place(self, part: Part, place: _Place) -> None:
        references = self._references(place)
        for name, key in references.items():
            self._cell(place, NamedVariant(name, name, {}), key, "reference", references)
        for variant in self._suite.variants(part):
            own = dict(references)
            strategy = self._strategy(variant.use)
            if place.setting == "inductive":
                own["without-source"] = self._without_source(variant, strategy, place, references)
            key = self._run(variant, strategy, self._spec(variant, strategy, place), place.outline, own)
            self._cell(place, variant, key, "strategy", own)

    def _references(self, place: _Place) -> dict[str, str]:
        """The references of a setting, each keyed by what it uses."""
        names = ["source-only"] if place.outline.same_label_space else []
        names += ["target-only"] if place.setting == "inductive" else []
        return {name: self._reference(name, place) for name in (*names, "oracle")}

    def _reference(self, name: str, place: _Place) -> str:
        setting, shots, sources = {
            "source-only": ("transductive", None, place.sources),
            "target-only": ("inductive", place.shots, ()),
            "oracle": ("inductive", "all", ()),
        }[name]
        there = place.moved(setting, shots, sources)  # type: ignore[arg-type]
        variant, strategy = NamedVariant(name, name, {}), self._strategy(name)
        return self._run(variant, strategy, self._spec(variant, strategy, there), there.outline, {})

    def _without_source(
        self, variant: NamedVariant, strategy: type[Strategy], place: _Place, references: dict[str, str]
    ) -> str:
        """The key of A(∅, T), which a strategy declares: a reference, or itself without the source."""
        if strategy.without_source in references:
            return references[strategy.without_source]
        if strategy.without_source != "self":
            variant = NamedVariant(strategy.without_source, strategy.without_source, {})
            strategy = self._strategy(variant.use)
        there = place.moved(place.setting, place.shots, ())
        return self._run(variant, strategy, self._spec(variant, strategy, there), there.outline, {})

    def _spec(self, variant: NamedVariant, strategy: type[Strategy], place: _Place) -> RunSpec:
        entry, _ = self._host.find("strategies", variant.use)
        backbone, _ = self._host.find("backbones", place.backbone)
        return RunSpec(
            strategy=variant.use,
            strategy_version=entry_version(entry),
            params=strategy.Params(**variant.params).model_dump(mode="json"),
            dataset=self._suite.dataset,
            revisions={name: place.ready[name].revision for name in (*place.sources, place.target)},
            backbone=place.backbone,
            backbone_version=entry_version(backbone),
            source=place.sources,
            target=place.target,
            setting=place.setting,
            shots=place.shots,
            evaluation=self._suite.evaluation,
            seed=place.seed,
            budget=self._suite.budget,
            training=self._suite.training,
            compute=self._compute,
        )

    def _run(
        self,
        variant: NamedVariant,
        strategy: type[Strategy],
        spec: RunSpec,
        outline: TaskOutline,
        references: dict[str, str],
    ) -> str:
        if spec.key not in self._plan.runs:
            reason = strategy.not_applicable(outline)
            skip = f"{variant.use} is not applicable: {reason}" if reason else None
            needs = strategy.uses_source_model and bool(spec.source)
            self._plan.runs[spec.key] = PlannedRun(spec, variant.name, references, needs, skip)
        return spec.key

    def _cell(
        self,
        place: _Place,
        variant: NamedVariant,
        key: str,
        role: Literal["strategy", "reference"],
        references: dict[str, str],
    ) -> None:
        cell = Cell(
            variant=variant.name,
            strategy=variant.use,
            params=variant.params,
            backbone=place.backbone,
            source=list(place.sources),
            target=place.target,
            setting=place.setting,
            shots=place.shots,
            evaluation=self._suite.evaluation,
            seed=place.seed,
            role=role,
            run_key=key,
            references=references,
        )
        self._plan.cells.append(cell)

    def _strategy(self, name: str) -> type[Strategy]:
        if name not in self._classes:
            entry, _ = self._host.find("strategies", name)
            self._classes[name] = entry.load()
        return self._classes[name]


@dataclass(frozen=True)
class _Place:
    """Where a cell stands: everything but the variant."""

    setting: Setting
    shots: Shots | None
    backbone: str
    sources: tuple[str, ...]
    target: str
    seed: int
    ready: dict[str, ReadyDomain]

    def moved(self, setting: Setting, shots: Shots | None, sources: tuple[str, ...]) -> _Place:
        """The same place under another setting, or without its source."""
        return _Place(setting, shots, self.backbone, sources, self.target, self.seed, self.ready)

    @cached_property
    def outline(self) -> TaskOutline:
        """What strategies may know before data is read."""
        classes = {self.ready[name].class_names for name in (*self.sources, self.target)}
        return TaskOutline(self.setting, self.shots, self.sources, self.target, len(classes) == 1)
