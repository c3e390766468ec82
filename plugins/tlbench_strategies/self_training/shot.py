"""Source hypothesis transfer, SHOT and SHOT-IM (Liang, Hu and Feng, ICML 2020).

Paper: https://arxiv.org/abs/2002.08546

Source-free: a model comes from the source, no source example does. Its classifier is frozen; the backbone learns to
give target features for which the classifier is sure, and of all classes:

    L_IM = mean H(p) − H(mean p) over a batch of the target
    SHOT: L = L_IM + pseudo_weight · CE(z, ŷ)

ŷ are labels by the nearest of K centroids (cosine similarity), which are means of the features of all target inputs by
their probabilities, and then once more by these labels. They are made anew 15 times in a training, the model in
evaluation mode. SHOT-IM has no ŷ.

The paper trains its source model with label smoothing and a bottleneck with batch norm; here it is the suite's
`source-only`, so that all strategies start alike. Labels by centroids want such a bottleneck, as `lenet:256` has: on
features straight from a ReLU they can be worse than the classifier's own, and grow worse as the features follow them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

import tlbench
from tlbench import Batch, GradientStrategy, Health, Predictor, Toolkit, TransferModel, TransferTask, losses
from tlbench_strategies.self_training import health
from tlbench_strategies.shared.entropy import entropy, entropy_of_mean


class ShotIM(GradientStrategy):
    """The source model, whose backbone goes on until the frozen classifier is sure of the target, and diverse."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train"}
    paper = "https://arxiv.org/abs/2002.08546"
    uses_source_model = True
    start = "source-model"
    source_free = True
    same_label_space = True

    class Params(tlbench.Params):
        """`weight`: factor on L_IM."""

        weight: Annotated[float, Field(ge=0)] = 1.0

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Where the backbone has no parameters there is nothing to adapt, and the source model predicts."""
        model = self.started(task, toolkit)
        if next(model.backbone.parameters(), None) is None:
            return toolkit.source_predictor(task)
        return self.train(model, task, toolkit)

    def frozen(self, model: TransferModel) -> Iterable[nn.Module]:
        """The classifier."""
        return [model.head]

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """L_IM in its two parts."""
        return self.information(model(batch.target.inputs))

    def information(self, logits: Tensor) -> dict[str, Tensor]:
        """L_IM of logits (n, classes): −log(classes) where they are sure and spread evenly."""
        weight = self.params.weight
        return {"entropy": weight * entropy(logits).mean(), "diversity": -weight * entropy_of_mean(logits)}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """Whether predictions become sure without giving classes up."""
        return health.sure_and_diverse(curve)


class Shot(ShotIM):
    """SHOT-IM, and labels by the nearest centroid of the target's own features."""

    refreshes: ClassVar[int] = 15

    class Params(ShotIM.Params):
        """`pseudo_weight`: β, factor on the cross entropy of pseudo-labels."""

        pseudo_weight: Annotated[float, Field(ge=0)] = 0.3

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """A place for the labels."""
        return {"pseudo": TargetLabels(len(task.target.inputs))}

    def refresh(self, model: TransferModel, task: TransferTask, toolkit: Toolkit) -> None:
        """Labels of all target inputs."""
        found = toolkit.outputs(model, task.target.inputs)
        model.pseudo.labels.copy_(nearest_centroids(found.features, found.logits.softmax(1)))

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """L_IM, and cross entropy on the labels."""
        logits = model(batch.target.inputs)
        labels = model.pseudo.labels[batch.target.index]
        pseudo = self.params.pseudo_weight * losses.cross_entropy(logits, labels)
        return {**self.information(logits), "pseudo": pseudo}


class TargetLabels(nn.Module):
    """Labels int64 (examples,) in a buffer."""

    labels: Tensor

    def __init__(self, examples: int) -> None:
        super().__init__()
        self.register_buffer("labels", torch.zeros(examples, dtype=torch.long))


@torch.no_grad()
def nearest_centroids(features: Tensor, probabilities: Tensor) -> Tensor:
    """Labels int64 (n,) of features (n, d) by the nearest centroid, first by probabilities (n, classes), then by these.

    Features have a 1 appended and norm 1. A class that no example was nearest to has no centroid in the second round.
    """
    points = functional.normalize(torch.cat([features, torch.ones_like(features[:, :1])], 1), dim=1)
    members = probabilities
    for _ in range(2):
        centroids = functional.normalize(members.T @ points, dim=1)  # cosine: the size of a centroid is nothing
        similarity = (points @ centroids.T).masked_fill(members.sum(0) == 0, -torch.inf)
        labels = similarity.argmax(1)
        members = functional.one_hot(labels, probabilities.shape[1]).to(points.dtype)
    return labels
