"""A strategy on made-up tasks, in this process: what the host's worker does, in small."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import Inputs, take
from tlbench.core.predictor import Predictor
from tlbench.core.run_spec import Budget, Setting, Training
from tlbench.core.strategy import Strategy
from tlbench.core.task import Examples, SourceView, TargetView, TaskOutline, TransferTask
from tlbench.execution.source_training import fit_source_model
from tlbench.plugins.backbone_factory import make_backbone
from tlbench.plugins.backbone_metadata import has_parameters
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost
from tlbench.testing.check import NotApplicable
from tlbench.testing.side_effects import OWN_FOLDERS
from tlbench.testing.toy_domains import BACKBONES, Kind, Made, made
from tlbench.training.batches import batch_tensor
from tlbench.training.toolkit import Toolkit

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
    """Makes tasks, and fits one strategy class on them."""

    def __init__(self, strategy: type[Strategy], host: PluginHost, params: dict[str, Any] | None = None) -> None:
        self.strategy = strategy
        self._host = host
        self._params = params or {}

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
        target_classes: int = 2,
        source: bool = True,
        source_labels: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
    ) -> Case:
        """A task in a setting. Raises `NotApplicable` where the strategy says that it makes no sense for it."""
        self._ask(setting, target_classes == 2, source)
        sides = [("source", 2, seed_of) for seed_of in (1, 2)] + [("target", target_classes, s) for s in (3, 4)]
        sizes = (ITEMS, VALIDATION, ITEMS, TEST)
        prepared = [
            self._prepared(kind, made(kind, side, size, classes, number))  # type: ignore[arg-type]
            for (side, classes, number), size in zip(sides, sizes, strict=True)
        ]
        train, val, target, test = prepared
        labels = train.labels if source_labels is None else source_labels(train.labels)
        hidden = setting == "unsupervised"
        view = SourceView(
            "source",
            train.class_names,
            Examples(train.inputs, _NONE if hidden else labels),
            Examples(val.inputs, _NONE if hidden else val.labels),
        )
        task = TransferTask(
            setting,
            SHOTS if setting == "inductive" else None,
            (view,) if source else (),
            _target(target, setting),
            tuple(train.inputs.shape[1:]),
            seed,
        )
        return Case(kind, task, test)

    def fit(
        self, case: Case, budget: Budget = SHORT, device: str = "cpu", alter: Callable[[Strategy], None] | None = None
    ) -> Fitted:
        """Fit a new object of the strategy; `alter` may change it first."""
        with tempfile.TemporaryDirectory(prefix=OWN_FOLDERS) as folder:
            model = Path(folder) / "model"
            if self.strategy.uses_source_model and case.task.sources and case.task.setting != "unsupervised":
                fit_source_model(_of_source(case.task), self._toolkit(case, budget, device, None), model)
            strategy = self.strategy(self.strategy.Params(**self._params))
            if alter is not None:
                alter(strategy)
            toolkit = self._toolkit(case, budget, device, model if model.is_dir() else None)
            return Fitted(strategy, strategy.fit(case.task, toolkit), toolkit, case)

    def _toolkit(self, case: Case, budget: Budget, device: str, model: Path | None) -> Toolkit:
        def backbone() -> Backbone:
            return make_backbone(BACKBONES[case.kind], case.task.input_shape, self._host)

        recipe = Training.model_validate({"optimizer": "adam", "lr": 1e-2, "schedule": "constant"})
        return Toolkit(backbone, budget, recipe, device, model, lambda phase, step, steps: None)

    def _prepared(self, kind: Kind, domain: Made) -> Made:
        preparation = preparation_of(BACKBONES[kind], self._host)
        if preparation is None:
            return domain
        return Made(preparation(domain.inputs, "cpu"), domain.labels, domain.class_names)

    def uses_source(self, kind: Kind, setting: Setting) -> bool:
        """What the strategy says of itself on the backbone of a kind, for source and target of the same classes."""
        return self.strategy.uses_source(_outline(setting, True, True), has_parameters(BACKBONES[kind], self._host))

    def _ask(self, setting: Setting, same: bool, source: bool) -> None:
        if reason := self.strategy.not_applicable(_outline(setting, same, source)):
            raise NotApplicable(reason)


def _outline(setting: Setting, same: bool, source: bool) -> TaskOutline:
    shots = SHOTS if setting == "inductive" else None
    return TaskOutline(setting, shots, ("source",) if source else (), "target", same)


def with_another_source(case: Case) -> Case:
    """The same target, with half of the source's examples, twice, under the other label."""
    view = case.task.sources[0]
    train, val = (_other(examples, len(view.class_names)) for examples in (view.train, view.val))
    return replace(case, task=replace(case.task, sources=(replace(view, train=train, val=val),)))


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
