"""Moment matching for multi-source domain adaptation, M³SDA-β (Peng, Bai, Xia, Huang, Saenko and Wang, ICCV 2019).

Paper: https://arxiv.org/abs/1812.01754

Moments of all domains are brought together, sources with each other too, and each source has a pair of classifiers that
play the game of MCD. With m_k(X), the mean over a batch of the k-th powers of the features, for N sources

    MD² = Σ_(k=1,2) ( 1/N Σ_i ‖m_k(S_i) − m_k(T)‖ + 2/(N(N−1)) Σ_(i<j) ‖m_k(S_i) − m_k(S_j)‖ )

    labels       min mean_i (CE_i + CE′_i) + weight · MD²      over backbone and classifiers
    classifiers  min mean_i (CE_i + CE′_i) − mean_i d_i        over the classifiers
    backbone     min mean_i d_i, `repeats` times               over the backbone

with d_i = mean |p_i − p′_i| on the target. The mean of all classifiers predicts; the paper weighs sources by an
accuracy that needs labels. Its authors' code has a slip: the moments of the fourth source are never taken, and one pair
of sources counts twice in place of another. The weight is that of their code, of which it is a factor on a sum over
pairs; Dassl (https://github.com/KaiyangZhou/Dassl.pytorch) has 0.5 for pretrained networks, with which a network that
starts from nothing shrinks its features until no class is learnt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Backbone, Batch, Health, Prediction, Substep, TransferModel, TransferTask, losses
from tlbench.core.predictor import Side
from tlbench_strategies.several_sources.sources import (
    Part,
    SeveralSources,
    mean_of,
    mean_prediction,
    pairs_of,
    parts_of,
)
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import BatchNorm


class MomentMatching(SeveralSources):
    """Moments of all domains alike, and a pair of classifiers for each source that must not disagree on the target."""

    paper = "https://arxiv.org/abs/1812.01754"

    class Params(tlbench.Params):
        """`weight`: factor on MD²; `repeats`: updates of the backbone in each step.

        `batch_norm`: whether sources and target pass the backbone as one batch (`mixed`), or the target as its own.
        """

        weight: Annotated[float, Field(ge=0)] = 0.0005
        repeats: Annotated[int, Field(ge=1)] = 4
        batch_norm: BatchNorm = "mixed"

    def build_on(self, task: TransferTask, backbone: Backbone) -> Mapping[str, nn.Module]:
        """Two classifiers for each source."""
        classes = len(task.class_names)
        pairs = [nn.ModuleList([backbone.head(classes), backbone.head(classes)]) for _ in task.sources]
        return {"pairs": nn.ModuleList(pairs)}

    def substeps(self, model: TransferModel) -> Sequence[Substep]:
        """Labels and moments, classifiers, backbone."""
        return [
            Substep("labels", self.labels, [model.backbone, model.pairs]),
            Substep("classifiers", self.disagree, [model.pairs]),
            Substep("backbone", self.agree, [model.backbone], times=self.params.repeats),
        ]

    def labels(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Each pair learns its source's labels, and the backbone brings moments together."""
        parts, target = self._features(model, batch)
        distance = moment_distance([part.features for part in parts], target)
        return {"source": self._label_loss(model, parts), "moments": self.params.weight * distance}

    def disagree(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Each pair learns its source's labels, and to differ on the target."""
        with torch.no_grad():
            parts, target = self._features(model, batch)
        return {"source": self._label_loss(model, parts), "discrepancy": -discrepancy(model, target)}

    def agree(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Features of the target on which no pair differs."""
        return {"discrepancy": discrepancy(model, model.features(batch.target.inputs))}

    def _features(self, model: TransferModel, batch: Batch) -> tuple[list[Part], Tensor]:
        together = False if self.params.batch_norm == "separate" else None
        source, target = model.features_of(batch.source.inputs, batch.target.inputs, together=together)
        return parts_of(source, batch.source.labels, batch.source.domains), target

    def _label_loss(self, model: TransferModel, parts: Sequence[Part]) -> Tensor:
        return mean_of(
            torch.stack([losses.cross_entropy(head(part.features), part.labels) for head in pair]).sum()
            for part in parts
            for pair in [model.pairs[part.source]]
        )

    def predict(self, model: TransferModel, inputs: Tensor, side: Side) -> Prediction:
        """The mean of all classifiers, for both sides: their classes are the same."""
        features = model.features(inputs)
        return Prediction(mean_prediction([head for pair in model.pairs for head in pair], features), features)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the distance of moments, and whether the classes are learnt."""
        return health.course(curve, "labels.moments", "weighted distance of moments", label="labels.source")


def discrepancy(model: TransferModel, target: Tensor) -> Tensor:
    """Mean over pairs of classifiers of d_i, from target features (n, d)."""
    predictions = [[head(target).softmax(1) for head in pair] for pair in model.pairs]
    return mean_of((one - other).abs().mean() for one, other in predictions)


def moment_distance(sources: Sequence[Tensor], target: Tensor) -> Tensor:
    """MD² of features (n_i, d) of several sources and (m, d) of the target, a scalar."""
    distance = torch.zeros((), device=target.device)
    for order in (1, 2):
        of_sources, of_target = [each.pow(order).mean(0) for each in sources], target.pow(order).mean(0)
        distance = distance + mean_of(torch.linalg.vector_norm(each - of_target) for each in of_sources)
        if len(of_sources) > 1:
            between = (torch.linalg.vector_norm(one - other) for one, other in pairs_of(of_sources))
            distance = distance + mean_of(between)
    return distance
