"""Domain-adversarial training of neural networks, DANN (Ganin et al., JMLR 17(59), 2016).

Paper: https://jmlr.org/papers/v17/15-239.html

A domain head d learns to tell source from target features f; a gradient reversal layer between them makes the
backbone unlearn what tells them apart:

    min over θ_f, θ_y of  L_y(θ_f, θ_y) − λ L_d(θ_f, θ_d),    min over θ_d of  L_d(θ_f, θ_d)
    λ(p) = adversarial_weight · (2/(1 + e^(−10p)) − 1)

or, with `ramp = false`, λ = adversarial_weight throughout, as the paper has it for its shallow network. As in the paper
λ scales only what reaches the backbone; the domain head learns with weight 1. L_d is the mean over source and target
alike, as libraries compute it on a joined batch; the paper's objective adds the mean of each, twice as much, which
`domain_weight = 2` is.

The Transfer-Learning-Library (https://github.com/thuml/Transfer-Learning-Library) has a domain head of two layers with
batch norm, and a ramp over iterations i, 2/(1 + e^(−i/1000)) − 1, which is that of `slope` = steps/1000.

Where the backbone has batch norm, `batch_norm = "mixed"` normalises both domains by the statistics of the joined batch,
as that library does, and `"separate"` each by its own, so that no difference of mean or scale is left for the domain
head in what is normalised. The running statistics, by which everything is normalised once it is trained, are of both
domains in either case: of the joined batches, or of batches of source and target in turn. The few labelled target
examples of `inductive` are always a batch of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationInfo, field_validator
from torch import Tensor, nn

import tlbench
from tlbench import Batch, Health, TransferModel, TransferTask, layers, losses, schedules
from tlbench_strategies.adversarial import health
from tlbench_strategies.shared.adaptation import Adaptation, BatchNorm, Outputs
from tlbench_strategies.shared.domain_heads import Hidden, domains, layers_to, widths_of


class DomainAdversarial(Adaptation):
    """Source labels and, through reversed gradients, features that hide their domain.

    `transductive`: target inputs only. `inductive`: the few target labels join the label loss.
    """

    paper = "https://jmlr.org/papers/v17/15-239.html"

    class Params(tlbench.Params):
        """`adversarial_weight` is λ, or its limit with `ramp`, whose `slope` is the 10 of the formula.

        `hidden`: widths of the domain head's hidden layers, one number or a list; 0 makes it a logistic regression, as
        that of the paper's shallow network. `head_norm`: batch norm in each of them. `domain_weight`: factor on L_d as
        a whole, for backbone and domain head. `batch_norm`: whether source and target pass the backbone as one batch
        (`mixed`), or one after the other (`separate`); all the same to a network without batch norm.
        """

        adversarial_weight: Annotated[float, Field(ge=0)] = 1.0
        hidden: Hidden = 100
        ramp: Annotated[bool, tlbench.AddedField()] = True
        slope: Annotated[float, Field(gt=0), tlbench.AddedField()] = 10.0
        head_norm: Annotated[bool, tlbench.AddedField()] = False
        domain_weight: Annotated[float, Field(gt=0), tlbench.AddedField()] = 1.0
        batch_norm: Annotated[BatchNorm, tlbench.AddedField()] = "mixed"

        @field_validator("head_norm")
        @classmethod
        def _has_hidden_layers(cls, value: bool, info: ValidationInfo) -> bool:
            if value and info.data.get("hidden") == 0:
                raise ValueError("needs a hidden layer to normalise, and hidden is 0; give it a width, or leave it out")
            return value

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The domain head; by default the paper's for small images, one hidden layer of 100, then a logit."""
        return {"domain_head": layers_to(1, features, widths_of(self.params.hidden), self.params.head_norm)}

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """The domain loss, behind the reversal of gradients; the domain head's accuracy and λ are monitors."""
        ramp = schedules.adversarial_weight(progress, self.params.slope) if self.params.ramp else 1.0
        weight = self.params.adversarial_weight * ramp
        seen = [layers.reverse_gradient(self.seen_by_domain_head(model, part), weight) for part in (source, target)]
        of_source, of_target = domains(model.domain_head, seen[0], seen[1], together=self.params.head_norm)
        return {
            "domain": self.params.domain_weight * self.domain_loss(source, target, of_source, of_target, weight),
            "domain_accuracy": losses.domain_accuracy(of_source, of_target),
            "lambda": torch.tensor(weight),
        }

    def seen_by_domain_head(self, model: TransferModel, outputs: Outputs) -> Tensor:
        """What the domain head tells domains by (n, …): the features."""
        return outputs.features

    def domain_loss(
        self, source: Outputs, target: Outputs, of_source: Tensor, of_target: Tensor, weight: float
    ) -> Tensor:
        """L_d, from the domain head's logits for both domains (n, 1); `weight` is λ."""
        return losses.domain_cross_entropy(of_source, of_target)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Params) -> list[Health]:
        """Domain accuracy, domain loss and λ at start and end, against the course that they should take."""
        plain = [
            {**point, "domain": point["domain"] / params.domain_weight} if "domain" in point else point
            for point in curve
        ]
        return health.game(
            plain, params.adversarial_weight, params.ramp, params.slope, learnt_before=cls.start == "source-model"
        )
