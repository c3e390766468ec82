"""Domain-adversarial training of neural networks, DANN (Ganin et al., JMLR 17(59), 2016).

Paper: https://jmlr.org/papers/v17/15-239.html

A domain head d learns to tell source from target features f; a gradient reversal layer between them makes the
backbone unlearn what tells them apart:

    min over θ_f, θ_y of  L_y(θ_f, θ_y) − λ L_d(θ_f, θ_d),    min over θ_d of  L_d(θ_f, θ_d)
    λ(p) = adversarial_weight · (2/(1 + e^(−10p)) − 1)

or, with `ramp = false`, λ = adversarial_weight throughout, as the paper has it for its shallow network. As in the paper
λ scales only what reaches the backbone; the domain head learns with weight 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, GradientStrategy, Health, TransferModel, TransferTask, layers, losses, schedules
from tlbench_strategies import domain_health


class DomainAdversarial(GradientStrategy):
    """Source labels and, through reversed gradients, features that hide their domain.

    `transductive`: target inputs only. `inductive`: the few target labels join the label loss.
    """

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train", "inductive": "source train and target shots"}
    paper = "https://jmlr.org/papers/v17/15-239.html"
    same_label_space = True

    class Params(tlbench.Params):
        """`adversarial_weight` is λ, or its limit with `ramp`; `hidden` the width of the domain head's hidden layer.

        With `hidden = 0` the domain head is a logistic regression, as that of the paper's shallow network.
        """

        adversarial_weight: Annotated[float, Field(ge=0)] = 1.0
        hidden: Annotated[int, Field(ge=0)] = 100
        ramp: Annotated[bool, tlbench.Later()] = True

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The paper's domain head for small images: one hidden layer of 100, then a logit."""
        hidden = self.params.hidden
        if not hidden:
            return {"domain_head": nn.Linear(features, 1)}
        return {"domain_head": nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 1))}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Label loss and domain loss; the few target labels of `inductive` are used as well."""
        source, target = batch.source, batch.target
        features = model.features(torch.cat([source.inputs, target.inputs]))
        of_source, of_target = features[: len(source.inputs)], features[len(source.inputs) :]
        ramp = schedules.adversarial_weight(progress) if self.params.ramp else 1.0
        weight = self.params.adversarial_weight * ramp
        source_domain, target_domain = (
            model.domain_head(layers.reverse_gradient(part, weight)) for part in (of_source, of_target)
        )
        terms = {
            "source": losses.cross_entropy(model.head(of_source), source.labels),
            "domain": losses.domain_cross_entropy(source_domain, target_domain),
            "domain_accuracy": losses.domain_accuracy(source_domain, target_domain),
            "lambda": torch.tensor(weight),
        }
        if batch.has_labelled_target:
            few = batch.labelled_target
            terms["target"] = losses.cross_entropy(model(few.inputs), few.labels)
        return terms

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Params) -> list[Health]:
        """Domain accuracy, domain loss and λ at start and end, against the course that they should take."""
        return domain_health.game(curve, params.adversarial_weight, params.ramp)
