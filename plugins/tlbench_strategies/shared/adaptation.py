"""What most methods of domain adaptation have in common: source labels, and a term that joins the domains."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal

from torch import Tensor

import tlbench
from tlbench import Batch, GradientStrategy, TransferModel, losses

BatchNorm = Literal["mixed", "separate"]


class Outputs:
    """Features (n, d) of a batch and, where they are asked for, logits and probabilities (n, classes) of the head."""

    def __init__(self, model: TransferModel, features: Tensor) -> None:
        self._model = model
        self.features = features

    @cached_property
    def logits(self) -> Tensor:
        """Of the target's head, which is the source's as well: the classes are the same."""
        logits: Tensor = self._model.head(self.features)
        return logits

    @cached_property
    def probabilities(self) -> Tensor:
        """Their softmax."""
        return self.logits.softmax(1)


def outputs_of(model: TransferModel, batch: Batch, batch_norm: BatchNorm) -> tuple[Outputs, Outputs]:
    """Outputs for the source and the target inputs of a batch; of `batch_norm` see `outputs_for`."""
    source, target = outputs_for(model, batch_norm, batch.source.inputs, batch.target.inputs)
    return source, target


def outputs_for(model: TransferModel, batch_norm: BatchNorm, *inputs: Tensor) -> list[Outputs]:
    """Outputs for several batches of raw inputs (n, …), such as the source's and views of the target's.

    With batch norm in the backbone, `mixed` normalises all by the statistics of the joined batch, `separate` each by
    its own.
    """
    together = False if batch_norm == "separate" else None
    return [Outputs(model, features) for features in model.features_of(*inputs, together=together)]


def few_labels(model: TransferModel, batch: Batch) -> dict[str, Tensor]:
    """The label loss on the few labelled target examples of `inductive`, a batch of their own; elsewhere nothing."""
    if not batch.has_labelled_target:
        return {}
    few = batch.labelled_target
    return {"target": losses.cross_entropy(model(few.inputs), few.labels)}


class Adaptation(GradientStrategy):
    """Cross entropy on source labels, and what `adapt` adds; in `inductive` also on the few target labels.

    Where what is added has a weight of 0, this is training on the source alone, bit for bit (on a CPU, for backbones
    without batch norm).
    """

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train", "inductive": "source train and target shots"}
    same_label_space = True

    class Params(tlbench.Params):
        """`batch_norm`: whether both domains pass the backbone as one batch (`mixed`), or each as its own."""

        batch_norm: BatchNorm = "mixed"

    @abstractmethod
    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """What is minimised beside the label loss, and monitors, by name."""

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The label loss on the source, the method's own terms, and the label loss on few target examples."""
        source, target = outputs_of(model, batch, self.params.batch_norm)
        own = self.adapt(model, source, target, batch, progress)
        return {
            "source": losses.cross_entropy(source.logits, batch.source.labels),
            **own,
            **few_labels(model, batch),
        }
