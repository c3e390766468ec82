"""What the host offers to strategies while they fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import Inputs, join
from tlbench.core.model import TransferModel
from tlbench.core.predictor import ModelPredictor, Predictor
from tlbench.core.run_spec import Budget, Training
from tlbench.core.seeds import derive
from tlbench.core.task import Examples, TransferTask
from tlbench.records.record import ModelSize, Seen
from tlbench.training.batches import Batches, batch_tensor
from tlbench.training.feature_predictor import FeatureMap, FeaturePredictor
from tlbench.training.inference import OutputBuffer, inference_slices
from tlbench.training.loop import Groups, Loss, train, weights_of

Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What training did, for the record."""

    seen: list[Seen] = field(default_factory=list)
    curve: list[dict[str, Any]] = field(default_factory=list)
    training_seconds: float = 0.0
    examples_per_second: float | None = None
    by_steps: bool = False
    model: ModelSize | None = None
    notes: list[str] = field(default_factory=list)


class Toolkit:
    """New models, the source model, training under the budget, features of a frozen backbone."""

    def __init__(
        self,
        make_backbone: Callable[[], Backbone],
        budget: Budget,
        recipe: Training,
        device: str,
        source_model: Path | None,
        on_progress: Progress,
    ) -> None:
        self._make_backbone = make_backbone
        self._source_model = source_model
        self._on_progress = on_progress
        self.budget = budget
        self.recipe = recipe
        self.device = device
        self.report = Report()

    # ---- models -------------------------------------------------------------------------------------------------

    def new_model(self, task: TransferTask) -> TransferModel:
        """A model from the backbone's own initialisation, the same for every strategy of one seed."""
        torch.manual_seed(derive(task.seed, "initialisation"))
        backbone = self._make_backbone()
        self.report.notes += [note for note in backbone.notes if note not in self.report.notes]
        head = backbone.head(len(task.class_names))
        source_head: nn.Module | None = None
        if task.sources:
            source_head = head
            if not task.same_label_space:
                source_head = backbone.head(len(task.sources[0].class_names))
        return TransferModel(backbone, head, source_head).to(self.device)

    def source_model(self, task: TransferTask) -> TransferModel:
        """The model trained on the source alone, shared with `source-only`: the same weights, bit for bit.

        Where the classes differ, the target's head is new.
        """
        model = self.new_model(task)
        self._load_source_weights(model, self._source_steps()[-1])
        return model

    def source_predictor(self, task: TransferTask) -> Predictor:
        """The source model as it is, with all its checkpoints; nothing is trained."""
        model = self.new_model(task)
        self.report.model = _size(model)
        checkpoints: dict[int, dict[str, Tensor]] = {}
        for step in self._source_steps():
            self._load_source_weights(model, step)
            checkpoints[step] = weights_of(model)
        return ModelPredictor(model, checkpoints)

    def extend(self, model: TransferModel, seed: int, build: Callable[[], Mapping[str, nn.Module]]) -> None:
        """Add a strategy's modules to a model, initialised from a seed of their own."""
        torch.manual_seed(derive(seed, "additions"))
        for name, module in build().items():
            model.add_module(name, module.to(self.device))

    def _source_steps(self) -> list[int]:
        if self._source_model is None:
            raise ValueError("this strategy asked for the source model, but does not say `uses_source_model = True`")
        return sorted(int(path.stem) for path in self._source_model.glob("*.safetensors"))

    def _load_source_weights(self, model: TransferModel, step: int) -> None:
        assert self._source_model is not None
        weights = load_file(self._source_model / f"{step}.safetensors", device=self.device)
        for part, module in (("backbone.", model.backbone), ("head.", model.source_head)):
            assert module is not None
            module.load_state_dict({name.removeprefix(part): w for name, w in weights.items() if name.startswith(part)})

    # ---- training -----------------------------------------------------------------------------------------------

    def train(
        self,
        model: TransferModel,
        loss: Loss,
        task: TransferTask,
        groups: Groups | None = None,
        frozen: Sequence[nn.Module] = (),
        phase: str = "adaptation",
    ) -> ModelPredictor:
        """One training phase under the suite's budget and recipe. Returns the model with its checkpoints."""
        batches = Batches(task, self.budget.batch_size, self.device, phase)
        result = train(
            model,
            loss,
            batches,
            self.budget,
            self.recipe,
            groups if groups is not None else [(list(model.parameters()), 1.0)],
            frozen,
            lambda step: self._on_progress(phase, step, self.budget.steps),
        )
        self.report.seen.append(
            Seen(
                phase=phase,
                updates=self.budget.steps,
                labelled=batches.labelled_seen,
                unlabelled=batches.unlabelled_seen,
            )
        )
        self.report.curve += [{"phase": phase, **point} for point in result.curve]
        self.report.training_seconds += result.seconds
        self.report.examples_per_second = result.examples_per_second
        self.report.by_steps = True
        self.report.model = _size(model)
        return ModelPredictor(model, result.checkpoints)

    # ---- frozen features ----------------------------------------------------------------------------------------

    def frozen_backbone(self, task: TransferTask, *, of_source_model: bool = True) -> Backbone:
        """The source model's backbone; without source labels, or if so asked, as initialised. In evaluation mode."""
        trained = of_source_model and bool(task.sources) and task.setting != "unsupervised"
        backbone = (self.source_model(task) if trained else self.new_model(task)).backbone
        backbone.eval().requires_grad_(False)
        self.report.model = _size(backbone)
        return backbone

    def classifier_examples(self, task: TransferTask) -> Examples:
        """The labelled examples of the setting: the target's where it has any, else the union of the sources'."""
        if len(task.target.labelled):
            return task.target.labelled_examples()
        if not task.sources:
            raise ValueError("this run has neither source nor target labels to fit a classifier on")
        return Examples(
            join([source.train.inputs for source in task.sources]),
            np.concatenate([source.train.labels for source in task.sources]),
        )

    def features(self, backbone: Backbone, inputs: Inputs, *, labelled: bool = True) -> NDArray[np.float32]:
        """Features (n, feature_dim) of raw inputs under a frozen backbone. `labelled` says how they count as seen."""
        start = time.perf_counter()
        found = OutputBuffer(len(inputs))
        with torch.inference_mode():
            for rows in inference_slices(inputs):
                found.fill(rows, backbone(batch_tensor(inputs, rows, self.device)).cpu().numpy())
        features = found.array
        seconds = time.perf_counter() - start
        self.report.training_seconds += seconds
        if not self.report.by_steps:  # a rate of gradient steps says more than one of forward passes
            self.report.examples_per_second = len(inputs) / seconds
        counts = {"labelled": len(inputs), "unlabelled": 0} if labelled else {"labelled": 0, "unlabelled": len(inputs)}
        self.report.seen.append(Seen(phase="features", updates=0, **counts))
        return features

    def feature_predictor(
        self, backbone: Backbone, classifier: Any, task: TransferTask, *, of_source: FeatureMap | None = None
    ) -> Predictor:
        """A predictor from a frozen backbone and a classifier as `FeatureStrategy.fit_features` gives it.

        `of_source`: what was done to source features (n, d) before the classifier was fitted, such as an alignment with
        the target's; predictions for source examples, by which protocols select, are made on these.
        """
        shared = bool(task.sources) and task.same_label_space
        return FeaturePredictor(backbone, classifier, len(task.class_names), shared, of_source)


def _size(model: nn.Module) -> ModelSize:
    parameters = list(model.parameters())
    feature_dim = model.feature_dim if isinstance(model, TransferModel | Backbone) else 0
    return ModelSize(
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        total=sum(p.numel() for p in parameters),
        feature_dim=int(feature_dim),
    )
