"""The references: what every other number is compared with. The host schedules them by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from tlbench import (
    Batch,
    GradientStrategy,
    Prediction,
    Predictor,
    Strategy,
    Toolkit,
    TransferModel,
    TransferTask,
    losses,
)
from tlbench.core.predictor import Side
from tlbench.core.task import TaskOutline

#: In place of the probability 0 of a class without examples, whose logarithm is not finite.
SMALLEST = 1e-12


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

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """No source example and no weights of a source model."""
        return False

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Tensor:
        """Cross entropy on labelled target examples."""
        examples = batch.labelled_target
        return losses.cross_entropy(model(examples.inputs), examples.labels)


class Oracle(TargetOnly):
    """`target-only` with all target training labels: the upper reference."""


class Pooling(GradientStrategy):
    """One classifier on the source's labels and the target's labels together, as if they were one data set.

    With n_S and n_T labelled examples, minimise the mean loss over all of them,

        L = (n_S L_S + n_T L_T) / (n_S + n_T)

    where batches of both sides estimate the means L_S and L_T. Several sources have equal parts in L_S, as in
    `source-only`.
    """

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "source train and target shots, together"}
    same_label_space = True

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The target's share of the labelled examples, where weights of checkpoints hold it too."""
        source = sum(len(source.train) for source in task.sources)
        return {"pool": TargetShare(len(task.target.labelled) / (source + len(task.target.labelled)))}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The cross entropies of both sides by their shares."""
        source, target = batch.source, batch.labelled_target
        logits = model(torch.cat([source.inputs, target.inputs]))
        parts = logits.split([len(source.labels), len(target.labels)])
        share = model.pool.share
        return {
            "source": (1 - share) * losses.cross_entropy(parts[0], source.labels),
            "target": share * losses.cross_entropy(parts[1], target.labels),
        }


class TargetShare(nn.Module):
    """n_T / (n_S + n_T), a buffer."""

    share: Tensor

    def __init__(self, share: float) -> None:
        super().__init__()
        self.register_buffer("share", torch.tensor(share))


class Majority(Strategy):
    """Always the class that is most frequent among the target's training labels, whatever the input.

    Probabilities are the shares of the classes; of classes that are equally frequent the first is predicted.
    """

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "target train labels, without inputs"}
    deterministic = True

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """Nor inputs at all."""
        return False

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Count the labels."""
        counts = np.bincount(task.target.labels, minlength=len(task.class_names))
        return ClassShares(counts / counts.sum())


class ClassShares(Predictor):
    """The same probabilities (classes,) for every input; the feature that they come from is 0."""

    def __init__(self, shares: np.ndarray) -> None:
        self._logits = torch.log(torch.as_tensor(shares, dtype=torch.float32).clamp_min(SMALLEST))

    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """Logits (n, classes) of raw inputs (n, …)."""
        logits = self._logits.to(inputs.device).expand(len(inputs), -1)
        return Prediction(logits, torch.zeros(len(inputs), 1, device=inputs.device))
