"""Batch norm and batches of one example: tried before anything runs, where a batch may be that small.

Batch norm takes mean and deviation over a batch. PyTorch refuses to train it on a batch that has one value per channel,
as features of one example are; on one image it normalises by that image alone. The host's batches are always full
(`tlbench.training.batches`), so a batch of one comes from `batch_size` and the number of sources, never from a rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tlbench.core.inputs import Inputs, take
from tlbench.core.run_spec import WEIGHTS, RunSpec
from tlbench.core.strategy import GradientStrategy, Strategy
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.data.ready_domain import ReadyDomain
from tlbench.planning.plan import PlannedRun
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost

if TYPE_CHECKING:
    from torch import nn

    from tlbench.core.backbone import Backbone

#: Examples of each domain that a trial has.
EXAMPLES = 16
#: How PyTorch refuses, of batch norm and of instance norm.
_REFUSED = ("Expected more than 1 value per channel", "Expected more than 1 spatial element")

Found = Literal["refused", "alone"]


def small_batch_words(
    runs: Iterable[PlannedRun], domains: DomainStore, host: PluginHost, trusted: Iterable[str]
) -> tuple[list[str], list[str]]:
    """What makes runs fail, and what is to be told of others, where `batch_size` leaves one example of a domain."""
    faults, notes = [], []
    for title, found in _tried(runs, domains, host, tuple(trusted)):
        if found == "refused":
            faults.append(
                f"{title}: batch norm takes mean and deviation over a batch, and one example has none; "
                "set batch_size = 2 or more for each source in [budget], or take a backbone without batch norm"
            )
        elif found == "alone":
            notes.append(f"{title}: batch norm normalises each image by itself alone; raise batch_size in [budget]")
    return faults, notes


def _tried(
    runs: Iterable[PlannedRun], domains: DomainStore, host: PluginHost, trusted: tuple[str, ...]
) -> Iterator[tuple[str, Found | None]]:
    """Each kind of training that a small batch may stop, with what a trial of it found."""
    seen = set()
    for run in runs:
        spec = run.spec
        if run.skip is not None or spec.budget.batch_size >= 2 * max(1, len(spec.source)):
            continue
        here = f"with the backbone {spec.backbone!r} and batch_size = {spec.budget.batch_size}"
        trainings = [(f"{run.variant!r} {here}", spec.strategy)]
        if run.needs_source_model:
            trainings.append((f"the training on the source {here}", ""))
        for title, strategy in trainings:
            kind = (title, strategy, repr(spec.params), len(spec.source), spec.setting)
            if kind not in seen:
                seen.add(kind)
                yield title, _try(strategy, spec, domains, host, trusted)


def _try(name: str, spec: RunSpec, domains: DomainStore, host: PluginHost, trusted: tuple[str, ...]) -> Found | None:
    """What one loss of a strategy does, or of the source model where it has no name.

    None where it does nothing amiss, or fails of something else, which the run will say.
    """
    import torch

    strategy = None
    if name:
        kind: type[Strategy] = host.find("strategies", name)[0].load()
        if not issubclass(kind, GradientStrategy):
            return None
        strategy = kind(kind.Params(**spec.params))
    try:
        with torch.random.fork_rng(devices=[]):
            return _one_loss(strategy, spec, domains, host, trusted)
    except Exception as error:  # a plugin's own, of any kind
        return "refused" if any(words in str(error) for words in _REFUSED) else None


def _one_loss(
    strategy: GradientStrategy | None,
    spec: RunSpec,
    domains: DomainStore,
    host: PluginHost,
    trusted: tuple[str, ...],
) -> Found | None:
    from tlbench.plugins.backbone_factory import make_backbone
    from tlbench.training.batches import Batch, Batches
    from tlbench.training.toolkit import Toolkit

    task = _task(spec, domains, host, trusted)

    def backbone() -> Backbone:
        return make_backbone(spec.backbone, task.input_shape, host, trusted)

    toolkit = Toolkit(backbone, spec.budget, spec.training, "cpu", None, lambda phase, step, steps: None)
    model = toolkit.new_model(task)
    batch = Batch(Batches(task, spec.budget.batch_size, "cpu", "trial"), 1)
    alone = _hear_of_single_images(model.backbone)
    model.train()
    if strategy is None:
        model(batch.source.inputs)
    else:
        toolkit.extend(model, task.seed, lambda: strategy.build_on(task, model.backbone))
        model.train()
        for module in strategy.frozen(model):
            module.eval()
        strategy.loss(model, batch, 0.0)
    return "alone" if alone else None


def _hear_of_single_images(model: nn.Module) -> list[str]:
    """A list to which batch norm that is trained on one image will be added."""
    from torch.nn.modules.batchnorm import _BatchNorm

    heard: list[str] = []

    def hear(module: nn.Module, given: tuple[Any, ...]) -> None:
        if module.training and len(given[0]) == 1:
            heard.append(type(module).__name__)

    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.register_forward_pre_hook(hear)
    return heard


def _task(spec: RunSpec, domains: DomainStore, host: PluginHost, trusted: tuple[str, ...]) -> TransferTask:
    """A few training examples of each domain, as the run is given them."""
    preparation = preparation_of(spec.backbone, host, trusted)

    def few(domain: ReadyDomain) -> tuple[Inputs, Any]:
        inputs = open_inputs(domain.inputs("train"))
        some = take(inputs, np.arange(min(EXAMPLES, len(inputs))))
        return some if preparation is None else preparation(some, "cpu"), domain.labels("train")[:EXAMPLES]

    view, sources = DomainView.of(spec), []
    for name in spec.source if tuple(spec.source) != (WEIGHTS,) else ():
        ready = domains.get(name, view)
        sources.append(SourceView(name, ready.class_names, Examples(*few(ready)), Examples(*few(ready))))
    ready = domains.get(spec.target, view)
    inputs, labels = few(ready)
    labelled = np.arange(len(labels) if spec.setting == "inductive" else 0)
    target = TargetView(spec.target, ready.class_names, inputs, labelled, labels[labelled])
    return TransferTask(spec.setting, spec.shots, tuple(sources), target, tuple(inputs.shape[1:]), spec.seed)
