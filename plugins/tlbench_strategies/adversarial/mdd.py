"""Margin disparity discrepancy, MDD (Zhang, Liu, Long and Jordan, ICML 2019).

Paper: https://arxiv.org/abs/1904.05801

An adversarial classifier f′ is to agree with the classifier f on the source and to disagree with it on the target, at a
margin γ; features are to leave it no way to do both. With ŷ, the class that f predicts, p′ = softmax f′ and m = e^γ,

    L_d = m · mean over source −log p′_ŷ  +  mean over target −log(1 − p′_ŷ)
    L = CE(source) + weight · L_d

f′ minimises L_d, and the backbone, behind a reversal with λ, raises it. λ rises from 0 to `adversarial_weight`, 0.1 in
the authors' code. `margin` is the factor m, as code calls it, not the paper's γ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from tlbench import Batch, Health, TransferModel, TransferTask, layers, losses, schedules
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.domain_heads import Hidden, layers_to, widths_of


class MarginDisparityDiscrepancy(Adaptation):
    """Source labels, and features on which no second classifier agrees on the source and disagrees on the target."""

    paper = "https://arxiv.org/abs/1904.05801"

    class Params(Adaptation.Params):
        """`margin`: m = e^γ; `weight`: factor on L_d; `adversarial_weight`: limit of λ, whose `slope` is that of DANN.

        `hidden`: widths of the hidden layers of f′; 0 makes it linear, as the host's classifiers are.
        """

        margin: Annotated[float, Field(gt=0)] = 4.0
        weight: Annotated[float, Field(ge=0)] = 1.0
        adversarial_weight: Annotated[float, Field(ge=0)] = 0.1
        slope: Annotated[float, Field(gt=0)] = 10.0
        hidden: Hidden = 1024

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The adversarial classifier f′."""
        return {"adversary": layers_to(len(task.class_names), features, widths_of(self.params.hidden))}

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """L_d behind the reversal; λ, and how often f′ agrees with f, are monitors."""
        weight = self.params.adversarial_weight * schedules.adversarial_weight(progress, self.params.slope)
        of_source, of_target = (
            model.adversary(layers.reverse_gradient(each.features, weight)) for each in (source, target)
        )
        predicted = [each.logits.detach().argmax(1) for each in (source, target)]
        distance = self.params.margin * losses.cross_entropy(of_source, predicted[0]) + other_class(
            of_target, predicted[1]
        )
        return {
            "disparity": self.params.weight * distance,
            "source_agreement": agreement(of_source, predicted[0]),
            "target_agreement": agreement(of_target, predicted[1]),
            "lambda": torch.tensor(weight),
        }

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How often f′ agrees with f on the target, which is near 1 where it finds no difference, and the classes."""
        lines = health.course(curve, "source_agreement", "agreement of the adversary on the source (expected near 1)")
        return health.course(curve, "target_agreement", "agreement of the adversary on the target")[:1] + lines


def other_class(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean −log(1 − p_label): logits (n, classes ≥ 2), labels int64 (n,).

    Finite with bounded gradients wherever p is, as the probability of all other classes together is summed by itself.
    """
    others = logits.scatter(1, labels.unsqueeze(1), float("-inf"))
    return (logits.logsumexp(1) - others.logsumexp(1)).mean()


def agreement(logits: Tensor, labels: Tensor) -> Tensor:
    """The share of logits (n, classes) whose largest is that of the labels (n,), detached."""
    return (logits.detach().argmax(1) == labels).float().mean()
