"""What a strategy is. Small on purpose: the host owns the loop, budget, seeds, timing and evaluation.

No torch is imported here, so that names, settings and parameters can be listed without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from tlbench.core.content_key import Keyed
from tlbench.core.health import Health
from tlbench.core.task import TaskOutline, TransferTask
from tlbench.core.updates import Groups, Hooks, Loss, Substep

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from tlbench.core.backbone import Backbone
    from tlbench.core.model import TransferModel
    from tlbench.core.predictor import Prediction, Predictor, Side
    from tlbench.training.batches import Batch
    from tlbench.training.toolkit import Toolkit


class Params(Keyed):
    """Parameters of a strategy, or options of a dataset: typed; unknown names and wrong types are refused.

    One that is added when results are published already is marked,
    `ramp: Annotated[bool, tlbench.AddedField()] = True`, so that run keys stay what they were
    where it has its default. Options of datasets need no mark: run keys have the revision of the data.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


_Params = Params  # inside a strategy the name means its own parameters


class Strategy(ABC):
    """A way to transfer: from what its setting allows to a predictor."""

    #: The settings in which it works: `transductive`, `inductive`, `unsupervised`.
    settings: ClassVar[set[str]]
    #: Per setting, the examples on which the classifier is trained, for tables and docs.
    classifier_trained_on: ClassVar[Mapping[str, str]] = {}
    #: Link to the paper.
    paper: ClassVar[str] = ""
    #: True where source training comes first, as a phase of its own that is shared with `source-only`.
    uses_source_model: ClassVar[bool] = False
    #: A(∅, T), the same algorithm without the source: another strategy's name, or `self` where it runs by itself.
    without_source: ClassVar[str] = "target-only"
    #: In `transductive`, the name of the strategy that does the same without adapting, such as `linear-svm` of one that
    #: aligns features for a linear SVM: the adaptation gap is taken to it. Empty: to `source-only`.
    without_adaptation: ClassVar[str] = ""
    #: True where softmax of the logits is a probability; margins of a support vector machine have no NLL and no ECE.
    gives_probabilities: ClassVar[bool] = True
    #: True where it learns from source examples; False where weights alone can be its source (`weights:target`).
    needs_source_examples: ClassVar[bool] = True
    #: True where source and target must have the same classes, beyond what the setting already asks.
    same_label_space: ClassVar[bool] = False
    #: True where source examples are used by the source model alone: they are not in the process when this trains.
    source_free: ClassVar[bool] = False
    #: True where it needs two sources or more.
    several_sources: ClassVar[bool] = False
    #: True where predictions depend on the seed through the backbone's initialisation and the drawn labels alone.
    deterministic: ClassVar[bool] = False

    class Params(_Params):
        """No parameters."""

    def __init__(self, params: BaseModel) -> None:
        self.params: Any = params  # an instance of this class's own Params

    @classmethod
    def not_applicable(cls, outline: TaskOutline) -> str | None:
        """Why this strategy makes no sense for a task, or None where it does. Becomes the reason of a skipped run."""
        if outline.setting not in cls.settings:
            return f"it does not work in the setting {outline.setting!r}; it works in {', '.join(sorted(cls.settings))}"
        if cls.several_sources and len(outline.sources) < 2:
            return "it needs two sources or more, as in `a+b:c`"
        if outline.weights_alone and cls.needs_source_examples:
            return "the source is the weights of the backbone alone, and it needs source examples"
        if outline.setting == "transductive" and outline.sources and not outline.same_label_space:
            return "source and target have different classes, and without target labels nothing joins them"
        if cls.same_label_space and not outline.same_label_space:
            return "source and target have different classes, and it needs the same"
        return None

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """Whether anything of the source can change what it predicts for a task to which it is applicable.

        `trainable`: whether the backbone has parameters, so that training on the source leaves something in it. Where
        the answer is no, it is the same with and without the source, and tables say so in place of a gap.
        """
        return True

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How a training went, from the points of its curve and its own `Params`; what is not ok is flagged.

        The host asks after the run. Points hold `phase`, `step`, `loss` and the terms by name, of single batches.
        """
        return []

    @abstractmethod
    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Learn from `task` with what `toolkit` offers. Test inputs are opened after this returns."""


class GradientStrategy(Strategy):
    """Gradient descent: give `loss`, or `substeps` where a step has several updates, and what else is needed.

    Around it there are, in the order in which they are called: `build` (modules to add), `prepare` (changes to modules
    that are there), `frozen`, `parameter_groups`, `refresh` (a pass over all inputs now and then), `after_step`,
    `kept_weights` and `predict`. A strategy of several phases has a `fit` of its own: `start`, then `train` for each.
    """

    #: Where training starts: the backbone's own initialisation, or the source model where `uses_source_model`.
    start: ClassVar[Literal["backbone", "source-model"]] = "backbone"
    #: True where `model.reference` is used, a frozen copy of the model as training finds it.
    keeps_reference: ClassVar[bool] = False
    #: How often `refresh` is called over a phase, evenly spaced from before the first step on.
    refreshes: ClassVar[int] = 0

    def build(self, task: TransferTask, features: int) -> Mapping[str, torch.nn.Module]:
        """Modules to add to the model by name, e.g. a domain head on `features` inputs; `model.NAME` is the module."""
        return {}

    def build_on(self, task: TransferTask, backbone: Backbone) -> Mapping[str, torch.nn.Module]:
        """The same, for modules that need the backbone itself, as heads by `backbone.head(classes)` do."""
        return self.build(task, backbone.feature_dim)

    def prepare(self, model: TransferModel) -> None:
        """Change modules of the model, after their weights are loaded and before the optimiser is made."""
        return

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> torch.Tensor | Mapping[str, torch.Tensor]:
        """The loss of one step, a scalar; or its named terms, whose sum is minimised.

        `progress` runs from 0 to 1 over the phase. A detached term is a monitor: recorded, not minimised. Nothing may
        depend on more than model, batch, progress and buffers: randomness comes from `batch.generator`.
        """
        raise NotImplementedError(f"{type(self).__name__} gives neither loss() nor substeps()")

    def substeps(self, model: TransferModel) -> Sequence[Substep]:
        """The updates of which each step is made, in order; by default one, of `loss` over all parameters."""
        return [Substep("step", self.loss, ())]

    def after_step(self, model: TransferModel, batch: Batch, progress: float) -> None:
        """Called after the updates of a step with its batch, without gradients, e.g. for a moving average."""
        return

    def refresh(self, model: TransferModel, task: TransferTask, toolkit: Toolkit) -> None:
        """Called `refreshes` times, the model in evaluation mode, e.g. for labels of all target inputs.

        `toolkit.outputs(model, task.target.inputs)` are logits and features of all; what later steps need of them lies
        in buffers of the model, where `batch.target.index` finds it.
        """
        return

    def frozen(self, model: TransferModel) -> Iterable[torch.nn.Module]:
        """Modules that stay bit for bit as they are, batch-norm statistics included."""
        return ()

    def parameter_groups(self, model: TransferModel) -> Groups:
        """`tlbench.ParameterGroup`s, or pairs of parameters and their factor on the learning rate (default: all, 1)."""
        return [(list(model.parameters()), 1.0)]

    def kept_weights(self, model: TransferModel) -> Mapping[str, torch.Tensor]:
        """The weights that a checkpoint keeps, under the model's own names: all, an average, or those that change."""
        return model.state_dict()

    def predict(self, model: TransferModel, inputs: torch.Tensor, side: Side) -> Prediction:
        """Predictions for raw inputs (n, …), where they are not those of the target's head on the features.

        `model` is in evaluation mode; `side` is `source` or `target`, whose classes are asked for.
        """
        raise NotImplementedError

    def started(self, task: TransferTask, toolkit: Toolkit) -> TransferModel:
        """The model before the first step: its start, what `build` adds and `prepare` changes, and its reference."""
        model = self.start_model(task, toolkit)
        toolkit.extend(model, task.seed, lambda: self.build_on(task, model.backbone))
        if self.keeps_reference:
            model.keep_reference()
        self.prepare(model)
        return model

    def start_model(self, task: TransferTask, toolkit: Toolkit) -> TransferModel:
        """The model before the first step of this strategy's own phase; weights alone are the backbone's own."""
        if self.start == "source-model" and task.sources:
            return toolkit.source_model(task)
        return toolkit.new_model(task)

    def train(
        self,
        model: TransferModel,
        task: TransferTask,
        toolkit: Toolkit,
        phase: str = "adaptation",
        *,
        loss: Loss | None = None,
        frozen: Sequence[torch.nn.Module] | None = None,
        share: float | None = None,
        lr: float = 1.0,
    ) -> Predictor:
        """One phase with all that this class gives; `loss` and `frozen` in place of its own, for this phase.

        `share` of the budget and `lr`, a factor on the suite's rate, are as in `Toolkit.train`.
        """
        hooks = Hooks(
            self.after_step,
            lambda trained: self.refresh(trained, task, toolkit),
            self.refreshes,
            self.kept_weights,
        )
        own_prediction = type(self).predict is not GradientStrategy.predict
        return toolkit.train(
            model,
            self.substeps(model) if loss is None else loss,
            task,
            groups=self.parameter_groups(model),
            frozen=list(self.frozen(model) if frozen is None else frozen),
            phase=phase,
            share=share,
            lr=lr,
            hooks=hooks,
            predict=self.predict if own_prediction else None,
        )

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Start, train one phase under the whole budget, keep the checkpoints."""
        return self.train(self.started(task, toolkit), task, toolkit)


def lacking(kind: type[Strategy]) -> list[str]:
    """The methods that a strategy still has to give before it can be trained."""
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    inherited = (getattr(kind, name) is getattr(GradientStrategy, name, None) for name in ("loss", "substeps", "fit"))
    return ["loss"] if not missing and issubclass(kind, GradientStrategy) and all(inherited) else missing


class FeatureStrategy(Strategy):
    """A classifier on frozen features: give `fit_features`.

    Features are those of the source model; with `uses_source_model = False`, of the backbone as it is initialised.
    """

    uses_source_model = True
    without_source = "self"
    needs_source_examples = False

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """With target labels by the source model's features alone, which need parameters; weights are a source too."""
        return outline.setting != "inductive" or outline.weights_alone or (cls.uses_source_model and trainable)

    @abstractmethod
    def fit_features(self, features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> object:
        """A classifier fitted on features (n, d), labels (n,), with scikit-learn's `classes_` and `predict_proba`.

        One without probabilities may have `decision_function` in their place.
        """

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Features of the frozen backbone, then the classifier on the labels that the setting gives."""
        from tlbench.core.fit_warnings import unfinished_fits_noted

        backbone = toolkit.frozen_backbone(task, of_source_model=self.uses_source_model)
        examples = toolkit.classifier_examples(task)
        features = toolkit.features(backbone, examples.inputs)
        with unfinished_fits_noted(toolkit.report.notes):
            classifier = self.fit_features(features, examples.labels, task.seed)
        return toolkit.feature_predictor(backbone, classifier, task)
