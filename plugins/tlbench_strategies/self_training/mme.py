"""Minimax entropy, MME (Saito, Kim, Sclaroff, Darrell and Saenko, ICCV 2019).

Paper: https://arxiv.org/abs/1904.06487

Semi-supervised adaptation: a classifier whose weights w_k are prototypes, p = softmax of cosines wᵀf/(‖f‖ temperature).
Each step has two updates of all weights:

    labels    min CE(source and labelled target)
    entropy   classifier: max weight · H(p) over target inputs without labels; backbone: min the same

The classifier's prototypes move to where the target's features are, and the backbone then gathers the features around
them. Both happen in one update, behind a reversal of gradients between backbone and classifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

import tlbench
from tlbench import Batch, GradientStrategy, Health, Substep, TransferModel, TransferTask, layers, losses
from tlbench.core.saved_heads import LinearHead, Scaling
from tlbench_strategies.shared import health
from tlbench_strategies.shared.entropy import entropy


class MinimaxEntropy(GradientStrategy):
    """Labels of both domains, prototypes that move to the target, and features that gather around them."""

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "source train and target shots"}
    paper = "https://arxiv.org/abs/1904.06487"
    same_label_space = True

    class Params(tlbench.Params):
        """`weight`: λ, factor on the entropy in nats; `temperature`: that of the cosines."""

        weight: Annotated[float, Field(gt=0)] = 0.1
        temperature: Annotated[float, Field(gt=0)] = 0.05

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The classifier by cosines."""
        return {"prototypes": Prototypes(features, len(task.class_names), self.params.temperature)}

    def prepare(self, model: TransferModel) -> None:
        """It takes the place of the backbone's own."""
        prototypes = model.prototypes
        del model.prototypes
        model.head = model.source_head = prototypes

    def substeps(self, model: TransferModel) -> Sequence[Substep]:
        """Labels, then entropy."""
        parts = [model.backbone, model.head]
        return [Substep("labels", self.labels, parts), Substep("entropy", self.minimax, parts)]

    def labels(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Cross entropy on labelled examples of both domains, which count by their numbers."""
        given = [batch.source, batch.labelled_target]
        parts = [model.head(features) for features in model.features_of(*(each.inputs for each in given))]
        losses_of = [losses.cross_entropy(logits, each.labels) for logits, each in zip(parts, given, strict=True)]
        return {"source": 0.5 * losses_of[0], "target": 0.5 * losses_of[1]}

    def minimax(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """−λH: minimised by the classifier, and by the backbone the other way round."""
        features = layers.reverse_gradient(model.features(batch.target.inputs), 1.0)
        return {"negative": -self.params.weight * entropy(model.head(features)).mean()}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the entropy, and whether the classes are learnt."""
        return health.course(
            curve, "entropy.negative", "negative weighted entropy on the target", label="labels.source"
        )


class Prototypes(nn.Module):
    """wᵀf / (‖f‖ temperature) of features (n, d): logits (n, classes)."""

    def __init__(self, features: int, classes: int, temperature: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, features))
        nn.init.xavier_normal_(self.weight)  # as the authors' code
        self.temperature = temperature

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, classes) of features (n, d)."""
        return functional.linear(functional.normalize(features, dim=1), self.weight) / self.temperature

    def as_saved(self) -> LinearHead:
        """The same as tensors, for a model that is kept."""
        weight = self.weight.detach() / self.temperature
        classes = len(weight)
        bias = torch.zeros(classes, device=weight.device)
        scaling = Scaling("l2", least_norm=1e-12)  # the least of `normalize` above
        return LinearHead(weight, bias, list(range(classes)), classes, probabilities=False, scaling=scaling)
