"""Minimum class confusion, MCC (Jin, Wang, Long and Wang, ECCV 2020).

Paper: https://arxiv.org/abs/1912.03699

How much the classifier confuses classes with each other on the target is counted without labels, and made less. With
probabilities P = softmax(z_T / temperature) of n target examples and K classes, and weights of sure examples

    w_i = n (1 + e^(−H_i)) / Σ_j (1 + e^(−H_j)),    constants to the gradient
    C = Pᵀ diag(w) P,    C̃ = C with rows that sum to 1
    L = CE(source) + weight · Σ_(j≠k) C̃_jk / K
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.entropy import sureness

#: A class that no example has at all confuses nothing: its row is 0, not 0/0.
SMALLEST = 1e-12


class MinimumClassConfusion(Adaptation):
    """Source labels, and target predictions that do not waver between pairs of classes."""

    paper = "https://arxiv.org/abs/1912.03699"

    class Params(Adaptation.Params):
        """`weight`: factor on the confusion; `temperature`: that of the softmax in it (the paper's for all data)."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        temperature: Annotated[float, Field(gt=0)] = 2.5

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """The confusion of classes on the target."""
        return {"confusion": self.params.weight * confusion(target.logits / self.params.temperature)}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the confusion, and whether the classes are learnt."""
        return health.course(curve, "confusion", "weighted confusion of classes on the target, which should fall")


def confusion(logits: Tensor) -> Tensor:
    """Σ_(j≠k) C̃_jk / K of logits (n, K), a scalar: 0 for sure predictions, (K − 1)/K where all are alike."""
    shares = confusion_shares(logits)
    return (shares.sum() - shares.diagonal().sum()) / len(shares)


def confusion_shares(logits: Tensor) -> Tensor:
    """C̃ (K, K) of logits (n, K): in row j, how the examples of class j are shared among all classes."""
    sure = sureness(logits).detach()
    weights = len(logits) * sure / sure.sum()
    probabilities = logits.softmax(1)
    counts = probabilities.T @ (weights.unsqueeze(1) * probabilities)
    return counts / counts.sum(1, keepdim=True).clamp_min(SMALLEST)
