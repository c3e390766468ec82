"""The references: what every other number is compared with. The host schedules them by itself."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from tlbench import Batch, GradientStrategy, Predictor, Strategy, Toolkit, TransferModel, TransferTask, losses


class SourceOnly(Strategy):
    """Train on the source's labels and predict on the target: the lower reference.

    Its training is the shared source model, one for all targets; here that model only predicts.
    """

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train", "inductive": "source train"}
    uses_source_model = True
    same_label_space = True

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """The source model as it is."""
        return toolkit.source_predictor(task)


class TargetOnly(GradientStrategy):
    """Train on the labelled target examples from the backbone's own initialisation: no transfer, A(∅, T)."""

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "target shots"}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Tensor:
        """Cross entropy on labelled target examples."""
        examples = batch.labelled_target
        return losses.cross_entropy(model(examples.inputs), examples.labels)


class Oracle(TargetOnly):
    """`target-only` with all target training labels: the upper reference."""
