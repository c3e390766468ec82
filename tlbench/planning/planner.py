"""From a suite to its plan: what is asked, and the references that give it a meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tlbench.data.store import DomainStore
from tlbench.errors import Faults
from tlbench.planning.checks import check_parts, place_faults
from tlbench.planning.place import Place
from tlbench.planning.plan import Cell, Plan, PlannedRun
from tlbench.plugins import PluginHost, entry_version
from tlbench.spec import WEIGHTS, Compute, RunSpec
from tlbench.strategy import Strategy
from tlbench.suites.suite import SINGLE_SOURCE, NamedVariant, Part, Suite


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
        """The whole plan. Raises `TlbenchError` where a name or a parameter is wrong, or data do not fit a setting."""
        check_parts(self._suite, self._host)
        places = [(part, place) for part in self._suite.part for place in self._places(part)]
        faults = {fault: None for part, place in places for fault in place_faults(self._suite, part, place)}
        if faults:
            raise Faults(f"suite {self._suite.name!r} cannot run", list(faults))
        for part, place in places:
            self._plan_place(part, place)
        return self._plan

    def _places(self, part: Part) -> Iterator[Place]:
        all_shots = part.shots if isinstance(part.shots, list) else [part.shots]
        for shots in all_shots:
            for backbone in part.backbones or self._suite.backbones:
                for sources, target in self._suite.pairs(part, self._domains.dataset.domains):
                    names = (*(() if sources == (WEIGHTS,) else sources), target)
                    ready = {name: self._domains.get(name, self._suite.evaluation) for name in names}
                    for seed in self._suite.seeds:
                        yield Place(part.setting, shots, backbone, sources, target, seed, ready)

    def _plan_place(self, part: Part, place: Place) -> None:
        references = self._references(place)
        for name, key in references.items():
            self._cell(place, NamedVariant(name, name.partition(SINGLE_SOURCE)[0]), key, "reference", references)
        for variant in self._suite.variants(part):
            own = dict(references)
            strategy = self._strategy(variant.use)
            if self._has_gap_to_itself(strategy, place):
                own["without-source"] = self._without_source(variant, strategy, place, references)
            if (
                place.setting == "unsupervised" and "without-source" in own
            ):  # there the reference is the strategy itself
                alone = NamedVariant(f"{variant.name} (target alone)", variant.use, variant.params)
                self._cell(place, alone, own["without-source"], "reference", references)
            key = self._run(variant, place, own, asked=True)
            self._cell(place, variant, key, "strategy", own)

    @staticmethod
    def _has_gap_to_itself(strategy: type[Strategy], place: Place) -> bool:
        """Whether A(∅, T) says anything: nothing supervised is left of it in `transductive`."""
        if place.setting == "unsupervised":
            return strategy.not_applicable(place.outline) is None
        return place.setting == "inductive"

    def _references(self, place: Place) -> dict[str, str]:
        """The references of a setting, each keyed by what it uses."""
        there: dict[str, Place] = {}
        if place.setting != "unsupervised" and place.source_domains and place.same_label_space:
            there["source-only"] = place.from_sources(*place.sources)
            if len(place.sources) > 1:
                there |= {f"source-only{SINGLE_SOURCE}{name}": place.from_sources(name) for name in place.sources}
        if place.setting == "inductive":
            there["target-only"] = place.alone()
        there["oracle"] = place.ceiling()
        uses = {name: name.partition(SINGLE_SOURCE)[0] for name in there}
        return {name: self._run(NamedVariant(use, use), there[name], {}) for name, use in uses.items()}

    def _without_source(
        self, variant: NamedVariant, strategy: type[Strategy], place: Place, references: dict[str, str]
    ) -> str:
        """The key of A(∅, T), which a strategy declares: a reference, or itself without the source."""
        if strategy.without_source in references:
            return references[strategy.without_source]
        if strategy.without_source != "self":
            variant = NamedVariant(strategy.without_source, strategy.without_source)
        return self._run(variant, place.alone(), {})

    def _run(self, variant: NamedVariant, place: Place, references: dict[str, str], *, asked: bool = False) -> str:
        """The key of a run, planned now if it is not yet. Of runs that are asked for, selection may ask for more."""
        strategy = self._strategy(variant.use)
        spec = self._spec(variant, strategy, place)
        reason = strategy.not_applicable(place.outline)
        reverse = asked and self._suite.reverses and place.setting == "transductive" and not reason
        known = self._plan.runs.get(spec.key)
        if known is None or (reverse and not known.reverse):
            skip = f"{variant.use} is not applicable: {reason}" if reason else None
            needs = strategy.uses_source_model and bool(place.source_domains) and place.setting != "unsupervised"
            self._plan.runs[spec.key] = PlannedRun(spec, variant.name, references, needs, skip, reverse)
        return spec.key

    def _spec(self, variant: NamedVariant, strategy: type[Strategy], place: Place) -> RunSpec:
        entry, _ = self._host.find("strategies", variant.use)
        backbone, _ = self._host.find("backbones", place.backbone)
        return RunSpec(
            strategy=variant.use,
            strategy_version=entry_version(entry),
            params=strategy.Params(**variant.params).model_dump(mode="json"),
            dataset=self._suite.dataset,
            revisions={name: place.ready[name].revision for name in place.domains},
            backbone=place.backbone,
            backbone_version=entry_version(backbone),
            initial=place.initial,
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

    def _cell(
        self,
        place: Place,
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
            family=variant.family,
            run_key=key,
            references=references,
        )
        self._plan.cells.append(cell)

    def _strategy(self, name: str) -> type[Strategy]:
        if name not in self._classes:
            entry, _ = self._host.find("strategies", name)
            self._classes[name] = entry.load()
        return self._classes[name]
