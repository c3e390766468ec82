"""A strategy on made-up tasks, in this process: what the host's worker does, in small."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import Inputs, take
from tlbench.core.predictor import Predictor
from tlbench.core.run_spec import Budget, Setting, Training
from tlbench.core.strategy import GradientStrategy, Strategy
from tlbench.core.task import Examples, SourceView, TargetView, TaskOutline, TransferTask
from tlbench.execution.source_training import fit_source_model
from tlbench.plugins.backbone_factory import make_backbone
from tlbench.plugins.backbone_metadata import has_parameters
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost
from tlbench.testing.check import NotApplicable
from tlbench.testing.side_effects import OWN_FOLDERS
from tlbench.testing.toy_domains import BACKBONES, KINDS, Kind, Made, made
from tlbench.training.batches import batch_tensor
from tlbench.training.toolkit import Toolkit

SETTINGS: tuple[Setting, ...] = get_args(Setting)
ITEMS, VALIDATION, TEST = 96, 24, 61  # the last is no multiple of any batch size
SHOTS = 4
SHORT = Budget(steps=6, batch_size=16, checkpoints=2)
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Case:
    """A task with test examples of its target, which the strategy is not given."""

    kind: Kind
    task: TransferTask
    test: Made


@dataclass(frozen=True)
class Fitted:
    """What fitting gave, with the strategy object and the toolkit that it was given."""

    strategy: Strategy
    predictor: Predictor
    toolkit: Toolkit
    case: Case

    def logits(self, inputs: Inputs | None = None, batch: int = 512, device: str = "cpu") -> NDArray[np.floating[Any]]:
        """Logits (n, classes) of inputs, by default those of test, so many at a time, at the last checkpoint."""
        inputs = self.case.test.inputs if inputs is None else inputs
        self.predictor.load(list(self.predictor.steps)[-1])
        slices = [slice(at, at + batch) for at in range(0, len(inputs), batch)]
        with torch.inference_mode():
            parts = [self.predictor.predict(batch_tensor(inputs, rows, device)).logits.cpu().numpy() for rows in slices]
        return np.concatenate(parts)

    def features(self) -> NDArray[np.floating[Any]]:
        """Features (n, d) of the test inputs at the last checkpoint; they differ where sure predictions do not."""
        self.predictor.load(list(self.predictor.steps)[-1])
        rows = slice(0, len(self.case.test.inputs))
        with torch.inference_mode():
            found: NDArray[np.floating[Any]] = (
                self.predictor.predict(batch_tensor(self.case.test.inputs, rows, "cpu")).features.cpu().numpy()
            )
        return found


class StrategyTrial:
    """Makes tasks, and fits one strategy class on them, with the backbone of each kind of inputs or a given one."""

    def __init__(
        self,
        strategy: type[Strategy],
        host: PluginHost,
        params: dict[str, Any] | None = None,
        backbone: str | None = None,
    ) -> None:
        self.strategy = strategy
        self._host = host
        self._params = params or {}
        self._backbones = BACKBONES if backbone is None else dict.fromkeys(KINDS, backbone)

    @property
    def files(self) -> list[str]:
        """The files of one-file plugins and of the strategy, which runs may read."""
        of_plugins = [plugin.distribution for plugin in self._host.plugins if plugin.distribution.endswith(".py")]
        return [*of_plugins, inspect.getfile(self.strategy)]

    def case(
        self,
        kind: Kind,
        setting: Setting,
        *,
        seed: int = 0,
        classes: int = 2,
        target_classes: int | None = None,
        source: bool = True,
        source_labels: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
    ) -> Case:
        """A task in a setting, with two sources for what needs several.

        Raises `NotApplicable` where the strategy says that it makes no sense for it.
        """
        wanted = classes if target_classes is None else target_classes
        sources = (2 if self.strategy.several_sources else 1) if source else 0
        self._ask(setting, wanted == classes, sources)
        views = [self._source(kind, number, classes, setting, source_labels) for number in range(sources)]
        target, test = (
            self._prepared(kind, made(kind, "target", size, wanted, number)) for size, number in ((ITEMS, 3), (TEST, 4))
        )
        task = TransferTask(
            setting,
            SHOTS if setting == "inductive" else None,
            tuple(views),
            _target(target, setting),
            tuple(target.inputs.shape[1:]),
            seed,
        )
        return Case(kind, task, test)

    def any_case(self, **options: Any) -> Case:
        """Vectors, in the first of its settings that has a task for it. Raises `NotApplicable` where none has."""
        reason = "it has no setting"
        for setting in (one for one in SETTINGS if one in self.strategy.settings):
            try:
                return self.case("vector", setting, **options)
            except NotApplicable as why:
                reason = str(why)
        raise NotApplicable(reason)

    def ask_gradient(self) -> None:
        """Raises `NotApplicable` for what is no gradient strategy."""
        if not issubclass(self.strategy, GradientStrategy):
            raise NotApplicable("it is no gradient strategy")

    def _source(
        self,
        kind: Kind,
        number: int,
        classes: int,
        setting: Setting,
        relabelled: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None,
    ) -> SourceView:
        """A labelled domain, in `unsupervised` without labels."""
        train, val = (
            self._prepared(kind, made(kind, "source", size, classes, seed + 10 * number))
            for size, seed in ((ITEMS, 1), (VALIDATION, 2))
        )
        labels = train.labels if relabelled is None else relabelled(train.labels)
        hidden = setting == "unsupervised"
        return SourceView(
            "source" if number == 0 else f"source {number + 1}",
            train.class_names,
            Examples(train.inputs, _NONE if hidden else labels),
            Examples(val.inputs, _NONE if hidden else val.labels),
        )

    def fit(
        self, case: Case, budget: Budget = SHORT, device: str = "cpu", alter: Callable[[Strategy], None] | None = None
    ) -> Fitted:
        """Fit a new object of the strategy; `alter` may change it first."""
        with self.ready(case, budget, device) as (strategy, task, toolkit):
            if alter is not None:
                alter(strategy)
            return Fitted(strategy, strategy.fit(task, toolkit), toolkit, case)

    @contextmanager
    def ready(
        self, case: Case, budget: Budget = SHORT, device: str = "cpu"
    ) -> Iterator[tuple[Strategy, TransferTask, Toolkit]]:
        """A new object of the strategy, the task as it is given to it, and a toolkit with the source model it needs."""
        with tempfile.TemporaryDirectory(prefix=OWN_FOLDERS) as folder:
            model = Path(folder) / "model"
            if self.strategy.uses_source_model and case.task.sources and case.task.setting != "unsupervised":
                fit_source_model(_of_source(case.task), self.toolkit(case, budget, device), model)
            strategy = self.strategy(self.strategy.Params(**self._params))
            task = _without_source_examples(case.task) if strategy.source_free else case.task
            yield strategy, task, self.toolkit(case, budget, device, model if model.is_dir() else None)

    def toolkit(
        self, case: Case, budget: Budget = SHORT, device: str = "cpu", source_model: Path | None = None
    ) -> Toolkit:
        """The toolkit of a run: the backbone of the case's kind, Adam at a constant rate."""

        def backbone() -> Backbone:
            return make_backbone(self._backbones[case.kind], case.task.input_shape, self._host)

        recipe = Training.model_validate({"optimizer": "adam", "lr": 1e-2, "schedule": "constant"})
        return Toolkit(backbone, budget, recipe, device, source_model, lambda phase, step, steps: None)

    def _prepared(self, kind: Kind, domain: Made) -> Made:
        preparation = preparation_of(self._backbones[kind], self._host)
        if preparation is None:
            return domain
        return Made(preparation(domain.inputs, "cpu"), domain.labels, domain.class_names)

    def uses_source(self, kind: Kind, setting: Setting) -> bool:
        """What the strategy says of itself on the backbone of a kind, for source and target of the same classes."""
        return self.strategy.uses_source(
            _outline(setting, True, 2 if self.strategy.several_sources else 1),
            has_parameters(self._backbones[kind], self._host),
        )

    def _ask(self, setting: Setting, same: bool, sources: int) -> None:
        if reason := self.strategy.not_applicable(_outline(setting, same, sources)):
            raise NotApplicable(reason)


def _outline(setting: Setting, same: bool, sources: int) -> TaskOutline:
    shots = SHOTS if setting == "inductive" else None
    return TaskOutline(setting, shots, ("source", "source 2")[:sources], "target", same)


def with_another_source(case: Case) -> Case:
    """The same target, with half of each source's examples, twice, under the other label."""
    views = [
        replace(view, train=_other(view.train, len(view.class_names)), val=_other(view.val, len(view.class_names)))
        for view in case.task.sources
    ]
    return replace(case, task=replace(case.task, sources=tuple(views)))


def _other(examples: Examples, classes: int) -> Examples:
    rows = np.arange(len(examples)) // 2
    return Examples(take(examples.inputs, rows), (examples.labels[rows] + 1) % classes)


def _of_source(task: TransferTask) -> TransferTask:
    """The task of training on the source alone, whose classes are then those of its one head."""
    source = task.sources[0]
    return replace(task, target=TargetView(source.name, source.class_names, source.train.inputs, _NONE, _NONE))


def _target(target: Made, setting: Setting) -> TargetView:
    """All inputs, and in `inductive` the first labels of each class."""
    if setting != "inductive":
        return TargetView("target", target.class_names, target.inputs, _NONE, _NONE)
    classes = range(len(target.class_names))
    chosen = np.concatenate([np.flatnonzero(target.labels == label)[:SHOTS] for label in classes])
    return TargetView("target", target.class_names, target.inputs, chosen, target.labels[chosen])


def _without_source_examples(task: TransferTask) -> TransferTask:
    """What a source-free strategy is given: the sources by name alone."""
    nothing = Examples(task.target.inputs[slice(0)], _NONE)
    return replace(task, sources=tuple(replace(source, train=nothing, val=nothing) for source in task.sources))
