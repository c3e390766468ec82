"""From a suite to its plan: what is asked, and the references that give it a meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tlbench.core.content_key import key_content
from tlbench.core.garbage_collection import collection_paused
from tlbench.core.names import name_notes
from tlbench.core.probabilities import LOWER_IS_BETTER
from tlbench.core.run_spec import WEIGHTS, Compute, RunSpec
from tlbench.core.secret_masking import masked_params
from tlbench.core.strategy import Strategy
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.data.duplicates import shared_examples
from tlbench.errors import Faults, PluginFailure
from tlbench.planning.batch_norm import small_batch_words
from tlbench.planning.compatibility import check_parts, situation_faults, text_faults
from tlbench.planning.data_notes import data_notes
from tlbench.planning.plan import Plan, PlannedRun
from tlbench.planning.run_context import RunContext
from tlbench.plugins.backbone_metadata import backbone_version, has_parameters
from tlbench.plugins.manager import PluginHost, entry_version
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.shared_examples import SharedExamples
from tlbench.suites.suite import FURTHER_REFERENCES, SINGLE_SOURCE, NamedVariant, Part, Suite


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
        self._has_parameters: dict[str, bool] = {}
        self._twins: set[str] = set()
        own = host.find("datasets", suite.dataset)[0].is_of_the_user
        default = FURTHER_REFERENCES if own else ()
        self._further = default if suite.references is None else suite.references
        self._plan = Plan(suite, own_data=own)

    def plan(self) -> Plan:
        """The whole plan. Raises `TlbenchError` where a name or a parameter is wrong, or data do not fit a setting."""
        self._plan.warnings += check_parts(self._suite, self._host, self._trusted)
        if beyond := self._domains.dataset.seed_faults(self._suite.seeds):
            raise Faults(f"suite {self._suite.name!r} cannot run", list(beyond))
        asked = [(part, situation) for part in self._suite.part for situation in self._situations(part)]
        faults = list(self._group_faults(asked))
        faults += list(text_faults((situation for _, situation in asked), self._host, self._trusted))
        faults += [fault for part, situation in asked for fault in situation_faults(self._suite, part, situation)]
        if faults:
            raise Faults(f"suite {self._suite.name!r} cannot run", list(dict.fromkeys(faults)))
        self._plan.notes = data_notes(self._suite, [situation for _, situation in asked], self._domains)
        with collection_paused():
            for part, situation in asked:
                self._plan_situation(part, situation)
        self._plan.shared = self._shared_examples([situation for _, situation in asked])
        classes = {name for _, each in asked for ready in each.ready.values() for name in ready.class_names}
        self._plan.warnings += name_notes(self._domains.dataset.domains, classes)
        faults, warnings = small_batch_words(self._plan.runs.values(), self._domains, self._host, self._trusted)
        if faults:
            raise Faults(f"suite {self._suite.name!r} cannot run", faults)
        self._plan.warnings += warnings
        return self._plan

    def _group_faults(self, asked: Sequence[tuple[Part, RunContext]]) -> Iterator[str]:
        """Groups that the five folds of the oracle would divide."""
        names = dict.fromkeys(situation.target for _, situation in asked)
        if self._suite.evaluation == "transductive-test" and any(self._domains.split_origin(n).grouped for n in names):
            message = (
                "group in [data] does not go with 'transductive-test', where the oracle's five folds divide groups"
            )
            yield f"{message}; use evaluation = 'held-out', or leave out group"

    def _shared_examples(self, situations: Sequence[RunContext]) -> list[SharedExamples]:
        """What the domains of pairs have in common, where they have anything; in the splits of the first seed."""
        first = [each for each in situations if each.seed == self._suite.seeds[0]]
        pairs = {(source, each.target): each.ready for each in first for source in each.source_domains}
        found = [shared_examples(ready[source], ready[target]) for (source, target), ready in pairs.items()]
        return [shared for shared in found if shared.count or shared.alike]

    def _situations(self, part: Part) -> Iterator[RunContext]:
        recipe = self._suite.recipe(part)
        for shots in part.label_budgets:
            for backbone in part.backbones or self._suite.backbones:
                for sources, target in self._suite.pairs(part, self._domains.dataset.domains):
                    names = (*(() if sources == (WEIGHTS,) else sources), target)
                    for seed in self._suite.seeds:
                        view = self._view(part, names, seed)
                        ready = {name: self._domains.get(name, view) for name in names}
                        for name, domain in ready.items():
                            self._plan.test_examples.setdefault(name, domain.counts["test"])
                            self._plan.classes.setdefault(name, len(domain.class_names))
                        yield RunContext(part.setting, shots, backbone, sources, target, seed, ready, recipe, view=view)

    def _view(self, part: Part, names: Sequence[str], seed: int) -> DomainView:
        """What of the domains of a pair is seen by a seed. What changes nothing is left at its default, as of old."""
        evaluation = self._suite.evaluation
        whole = {name: self._domains.splits(name, DomainView(evaluation, seed)) for name in names}
        trained_on = evaluation == "transductive-test" and not self._suite.validation
        validation = not (trained_on and any(domain.counts["val"] for domain in whole.values()))
        classes = [domain.class_names for domain in whole.values()]
        shared = tuple(name for name in classes[-1] if all(name in own for own in classes))
        differ = part.classes == "shared" and len(shared) > 1 and any(own != shared for own in classes)
        return DomainView(evaluation, seed, validation, shared if differ else None)

    def _plan_situation(self, part: Part, situation: RunContext) -> None:
        references = self._references(situation)
        for name, key in references.items():
            self._cell(situation, NamedVariant(name, name.partition(SINGLE_SOURCE)[0]), key, "reference", references)
        for variant in self._suite.variants(part):
            own = dict(references)
            strategy = self._strategy(variant.use)
            applicable = strategy.not_applicable(situation.outline) is None
            uses = not applicable or strategy.uses_source(situation.outline, self._trainable(situation.backbone))
            # In `transductive` nothing supervised is left of a strategy without a source.
            if situation.setting != "transductive" and applicable and uses:
                own["without-source"] = self._without_source(variant, strategy, situation, references)
            if situation.setting == "transductive" and applicable and strategy.without_adaptation:
                own["without-adaptation"] = self._without_adaptation(part, variant, strategy, situation, references)
            if situation.setting == "unsupervised" and "without-source" in own and strategy.without_source == "self":
                alone = "random weights" if situation.from_weights else "target alone"
                itself = NamedVariant(f"{variant.name} ({alone})", variant.use, variant.params)
                self._cell(situation, itself, own["without-source"], "reference", references)
            key = self._run(variant, situation, own, asked=True)
            self._cell(situation, variant, key, "strategy", own, uses_source=uses)

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
            if "pooling" in self._further and situation.source_domains and situation.same_label_space:
                there["pooling"] = situation
        there["oracle"] = situation.ceiling()
        if "majority" in self._further and situation.setting != "unsupervised":
            there["majority"] = situation.ceiling()
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

    def _without_adaptation(
        self,
        part: Part,
        variant: NamedVariant,
        strategy: type[Strategy],
        situation: RunContext,
        references: dict[str, str],
    ) -> str:
        """The key of the same without adapting, which a strategy names: with those of its parameters that both have.

        It has a row of its own, unless the part asks for that very run.
        """
        name, others = strategy.without_adaptation, self._suite.variants(part)
        try:
            known = self._strategy(name).Params.model_fields
        except PluginFailure as error:
            raise PluginFailure(f"strategy {variant.use!r}: its without_adaptation: {error}") from error
        params = {key: value for key, value in variant.params.items() if key in known}
        taken = any(other.name == name for other in others)
        twin = NamedVariant(f"{name} (of {variant.name})" if params or taken else name, name, params)
        key = self._run(twin, situation, references)
        asked = [self._spec(other, self._strategy(other.use), situation).key for other in others]
        if key not in asked and key not in self._twins:
            self._twins.add(key)
            self._cell(situation, twin, key, "reference", references)
        return key

    def _trainable(self, backbone: str) -> bool:
        if backbone not in self._has_parameters:
            self._has_parameters[backbone] = has_parameters(backbone, self._host)
        return self._has_parameters[backbone]

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
            if not strategy.gives_probabilities:
                metrics = tuple(name for name in metrics if name not in LOWER_IS_BETTER)
            self._plan.runs[spec.key] = PlannedRun(
                spec, variant.name, references, needs, metrics, skip, reverse, strategy.source_free
            )
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
            validation=situation.view.validation,
            classes=situation.view.classes,
        )

    def _cell(
        self,
        situation: RunContext,
        variant: NamedVariant,
        key: str,
        role: Literal["strategy", "reference"],
        references: dict[str, str],
        *,
        uses_source: bool = True,
    ) -> None:
        cell = PlannedCell(
            variant=variant.name,
            strategy=variant.use,
            params=masked_params(variant.params),
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
            uses_source=uses_source,
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
