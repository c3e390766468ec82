"""From a suite to its plan: what is asked, and the references that give it a meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tlbench.core.content_key import key_content
from tlbench.core.run_spec import WEIGHTS, Compute, RunSpec
from tlbench.core.strategy import Strategy
from tlbench.data.domain_store import DomainStore
from tlbench.data.duplicates import shared_examples
from tlbench.errors import Faults
from tlbench.planning.compatibility import check_parts, situation_faults, text_faults
from tlbench.planning.plan import Plan, PlannedRun
from tlbench.planning.run_context import RunContext
from tlbench.plugins.backbone_metadata import backbone_version
from tlbench.plugins.manager import PluginHost, entry_version
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.shared_examples import SharedExamples
from tlbench.suites.suite import SINGLE_SOURCE, NamedVariant, Part, Suite


class Planner:
    """Makes the plan of one suite: every cell with its run, its references and their runs.

    `trusted` names the backbones that may run code from the network.
    """

    def __init__(
        self, suite: Suite, host: PluginHost, domains: DomainStore, compute: Compute, trusted: Sequence[str] = ()
    ) -> None:
        self._suite = suite
        self._host = host
        self._domains = domains
        self._compute = compute
        self._trusted = trusted
        self._classes: dict[str, type[Strategy]] = {}
        self._backbone_versions: dict[str, str] = {}
        self._plan = Plan(suite)

    def plan(self) -> Plan:
        """The whole plan. Raises `TlbenchError` where a name or a parameter is wrong, or data do not fit a setting."""
        check_parts(self._suite, self._host, self._trusted)
        asked = [(part, situation) for part in self._suite.part for situation in self._situations(part)]
        faults = list(text_faults((situation for _, situation in asked), self._host, self._trusted))
        faults += [fault for part, situation in asked for fault in situation_faults(self._suite, part, situation)]
        if faults:
            raise Faults(f"suite {self._suite.name!r} cannot run", list(dict.fromkeys(faults)))
        for part, situation in asked:
            self._plan_situation(part, situation)
        self._plan.shared = self._shared_examples([situation for _, situation in asked])
        return self._plan

    def _shared_examples(self, situations: Sequence[RunContext]) -> list[SharedExamples]:
        """What the domains of pairs have in common, where they have anything."""
        pairs = {(source, each.target): each.ready for each in situations for source in each.source_domains}
        found = [shared_examples(ready[source], ready[target]) for (source, target), ready in pairs.items()]
        return [shared for shared in found if shared.count or shared.alike]

    def _situations(self, part: Part) -> Iterator[RunContext]:
        all_shots = part.shots if isinstance(part.shots, list) else [part.shots]
        recipe = self._suite.recipe(part)
        for shots in all_shots:
            for backbone in part.backbones or self._suite.backbones:
                for sources, target in self._suite.pairs(part, self._domains.dataset.domains):
                    names = (*(() if sources == (WEIGHTS,) else sources), target)
                    ready = {name: self._domains.get(name, self._suite.evaluation) for name in names}
                    self._plan.test_examples |= {name: domain.counts["test"] for name, domain in ready.items()}
                    self._plan.classes |= {name: len(domain.class_names) for name, domain in ready.items()}
                    for seed in self._suite.seeds:
                        yield RunContext(part.setting, shots, backbone, sources, target, seed, ready, recipe)

    def _plan_situation(self, part: Part, situation: RunContext) -> None:
        references = self._references(situation)
        for name, key in references.items():
            self._cell(situation, NamedVariant(name, name.partition(SINGLE_SOURCE)[0]), key, "reference", references)
        for variant in self._suite.variants(part):
            own = dict(references)
            strategy = self._strategy(variant.use)
            # In `transductive` nothing supervised is left of a strategy without a source.
            if situation.setting != "transductive" and strategy.not_applicable(situation.outline) is None:
                own["without-source"] = self._without_source(variant, strategy, situation, references)
            if situation.setting == "unsupervised" and "without-source" in own and strategy.without_source == "self":
                alone = "random weights" if situation.from_weights else "target alone"
                itself = NamedVariant(f"{variant.name} ({alone})", variant.use, variant.params)
                self._cell(situation, itself, own["without-source"], "reference", references)
            key = self._run(variant, situation, own, asked=True)
            self._cell(situation, variant, key, "strategy", own)

    def _references(self, situation: RunContext) -> dict[str, str]:
        """The references of a setting, each keyed by what it uses."""
        there: dict[str, RunContext] = {}
        if situation.setting != "unsupervised" and situation.source_domains and situation.same_label_space:
            there["source-only"] = situation.from_sources(*situation.sources)
            if len(situation.sources) > 1:
                there |= {
                    f"source-only{SINGLE_SOURCE}{name}": situation.from_sources(name) for name in situation.sources
                }
        if situation.setting == "inductive":
            there["target-only"] = situation.alone()
        there["oracle"] = situation.ceiling()
        uses = {name: name.partition(SINGLE_SOURCE)[0] for name in there}
        return {name: self._run(NamedVariant(use, use), there[name], {}) for name, use in uses.items()}

    def _without_source(
        self, variant: NamedVariant, strategy: type[Strategy], situation: RunContext, references: dict[str, str]
    ) -> str:
        """The key of A(∅, T), which a strategy declares: a reference, or itself without the source."""
        if strategy.without_source in references:
            return references[strategy.without_source]
        if strategy.without_source != "self":
            variant = NamedVariant(strategy.without_source, strategy.without_source)
        return self._run(variant, situation.alone(), {})

    def _run(
        self, variant: NamedVariant, situation: RunContext, references: dict[str, str], *, asked: bool = False
    ) -> str:
        """The key of a run, planned now if it is not yet. Of runs that are asked for, selection may ask for more."""
        strategy = self._strategy(variant.use)
        spec = self._spec(variant, strategy, situation)
        reason = strategy.not_applicable(situation.outline)
        # Of a grid alone, for it chooses among members and nothing else.
        reverse = asked and self._suite.reverses and variant.family is not None and not reason
        reverse = reverse and situation.setting == "transductive"
        known = self._plan.runs.get(spec.key)
        if known is None or (reverse and not known.reverse):
            skip = f"{variant.use} is not applicable: {reason}" if reason else None
            needs = strategy.uses_source_model and situation.has_source_labels
            metrics = self._suite.metrics_of(variant.use, situation.setting)
            self._plan.runs[spec.key] = PlannedRun(spec, variant.name, references, needs, metrics, skip, reverse)
        return spec.key

    def _spec(self, variant: NamedVariant, strategy: type[Strategy], situation: RunContext) -> RunSpec:
        entry, _ = self._host.find("strategies", variant.use)
        return RunSpec(
            strategy=variant.use,
            strategy_version=entry_version(entry),
            params=key_content(strategy.Params(**variant.params)),
            dataset=self._suite.dataset,
            revisions={name: situation.ready[name].revision for name in situation.domains},
            backbone=situation.backbone,
            backbone_version=self._backbone_version(situation.backbone),
            initial=situation.initial,
            source=situation.sources,
            target=situation.target,
            setting=situation.setting,
            shots=situation.shots,
            evaluation=self._suite.evaluation,
            seed=situation.seed,
            budget=situation.recipe.budget,
            training=situation.recipe.training,
            compute=self._compute,
        )

    def _cell(
        self,
        situation: RunContext,
        variant: NamedVariant,
        key: str,
        role: Literal["strategy", "reference"],
        references: dict[str, str],
    ) -> None:
        cell = PlannedCell(
            variant=variant.name,
            strategy=variant.use,
            params=variant.params,
            backbone=situation.backbone,
            source=list(situation.sources),
            target=situation.target,
            setting=situation.setting,
            shots=situation.shots,
            evaluation=self._suite.evaluation,
            seed=situation.seed,
            recipe=situation.recipe,
            role=role,
            family=variant.family,
            run_key=key,
            references=references,
        )
        self._plan.cells.append(cell)

    def _backbone_version(self, name: str) -> str:
        if name not in self._backbone_versions:
            self._backbone_versions[name] = backbone_version(name, self._host)
        return self._backbone_versions[name]

    def _strategy(self, name: str) -> type[Strategy]:
        if name not in self._classes:
            entry, _ = self._host.find("strategies", name)
            self._classes[name] = entry.load()
        return self._classes[name]
