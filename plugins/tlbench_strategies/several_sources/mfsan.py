"""Multiple feature spaces adaptation network, MFSAN (Zhu, Zhuang and Wang, AAAI 2019).

Paper: https://arxiv.org/abs/2201.01003

Each of k sources has a branch on the shared features, a hidden layer h_i and a classifier, in which it alone is joined
with the target; on the target all branches are to agree. With MMD² of several Gaussian kernels and p_i = softmax of
branch i,

    L = mean_i CE_i + γ(p) (mmd_weight · mean_i MMD²(h_i(source i), h_i(target))
                            + agreement_weight · mean_(i<j) mean |p_i − p_j| on the target)
    γ(p) = 2/(1 + e^(−10p)) − 1 over progress p

The mean of all branches predicts. The authors take one source in turn for each update; here an update has all, each
with an equal part of the batch. Their code compares the branches' hidden features after a softmax, not their
predictions, which the paper has; and its branches are convolutions with batch norm, here a linear layer with ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, Health, Prediction, TransferModel, TransferTask, losses, schedules
from tlbench.core.predictor import Side
from tlbench_strategies.several_sources.sources import SeveralSources, mean_of, mean_prediction, pairs_of, parts_of
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import BatchNorm, outputs_of
from tlbench_strategies.shared.kernels import mmd, multiple_gaussians


class MultipleFeatureSpaces(SeveralSources):
    """A branch for each source, aligned with the target in it, and branches that agree on the target."""

    paper = "https://arxiv.org/abs/2201.01003"

    class Params(tlbench.Params):
        """`mmd_weight`, `agreement_weight`: factors within γ(p); `hidden`: width of a branch, in units.

        `batch_norm`: whether sources and target pass the backbone as one batch (`mixed`), or the target as its own.
        """

        mmd_weight: Annotated[float, Field(ge=0)] = 1.0
        agreement_weight: Annotated[float, Field(ge=0)] = 1.0
        hidden: Annotated[int, Field(ge=1)] = 256
        batch_norm: BatchNorm = "separate"

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The branches."""
        classes = len(task.class_names)
        return {"branches": nn.ModuleList(Branch(features, self.params.hidden, classes) for _ in task.sources)}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Labels by branch, discrepancy by branch, and disagreement between branches."""
        source, target = outputs_of(model, batch, self.params.batch_norm)
        labels, distances = [], []
        for part in parts_of(source.features, batch.source.labels, batch.source.domains):
            branch = model.branches[part.source]
            of_source, of_target = branch.hidden(part.features), branch.hidden(target.features)
            labels.append(losses.cross_entropy(branch.head(of_source), part.labels))
            distances.append(mmd(multiple_gaussians(torch.cat([of_source, of_target])), len(of_source)))
        ramp = schedules.adversarial_weight(progress)
        predictions = [branch(target.features).softmax(1) for branch in model.branches]
        return {
            "source": mean_of(labels),
            "mmd": ramp * self.params.mmd_weight * mean_of(distances),
            "agreement": ramp * self.params.agreement_weight * disagreement(predictions),
        }

    def predict(self, model: TransferModel, inputs: Tensor, side: Side) -> Prediction:
        """The mean of all branches, for both sides: their classes are the same."""
        features = model.features(inputs)
        return Prediction(mean_prediction(model.branches, features), features)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the branches' disagreement, and whether the classes are learnt."""
        return health.course(curve, "agreement", "weighted disagreement of the branches on the target")


class Branch(nn.Module):
    """A hidden layer with ReLU, and a classifier on it: features (n, d) to logits (n, classes)."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(features, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of features."""
        logits: Tensor = self.head(self.hidden(features))
        return logits


def disagreement(predictions: Sequence[Tensor]) -> Tensor:
    """Mean over pairs, examples and classes of |p_i − p_j|, probabilities (n, classes)."""
    return mean_of((one - other).abs().mean() for one, other in pairs_of(predictions))
