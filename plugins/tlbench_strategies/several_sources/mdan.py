"""Multisource domain adversarial networks, MDAN (Zhao, Zhang, Wu, Costeira, Moura and Gordon, NeurIPS 2018).

Paper: https://arxiv.org/abs/1705.09684

A domain head for each of k sources tells it from the target; features, behind a reversal of gradients, hide each. With
the label loss CE_i of source i, and D_i, the mean cross entropy of its domain head on that source plus that on the
target,

    soft:  L = 1/γ · log Σ_i exp(γ (CE_i + μ D_i))
    hard:  L = max_i CE_i + μ min_i D_i

soft weighs most those sources that are hard to classify or easy to hide, and is max_i (CE_i + μ D_i) as γ grows; hard
is that of the authors' code. With one source hard is DANN with a constant λ = 1. Each source has an equal part of a
batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, Health, TransferModel, TransferTask, layers, losses
from tlbench_strategies.several_sources.sources import SeveralSources, mean_of, parts_of
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import BatchNorm, outputs_of
from tlbench_strategies.shared.domain_heads import Hidden, layers_to, widths_of


class MultisourceAdversarial(SeveralSources):
    """Labels of all sources, the hardest first, and features that hide each of them from the target."""

    paper = "https://arxiv.org/abs/1705.09684"

    class Params(tlbench.Params):
        """`mode`: how sources are joined; `adversarial_weight`: μ; `gamma`: γ of `soft`.

        `hidden`: widths of the domain heads' hidden layers, of which the paper's have none. `batch_norm`: whether
        sources and target pass the backbone as one batch (`mixed`), or the target as its own.
        """

        mode: Literal["soft", "hard"] = "soft"
        adversarial_weight: Annotated[float, Field(ge=0)] = 0.01
        gamma: Annotated[float, Field(gt=0)] = 10.0
        hidden: Hidden = 0
        batch_norm: BatchNorm = "mixed"

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """A domain head for each source."""
        widths = widths_of(self.params.hidden)
        return {"domain_heads": nn.ModuleList(layers_to(1, features, widths) for _ in task.sources)}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The joined loss; the means of its parts and the accuracy of the domain heads are monitors."""
        source, target = outputs_of(model, batch, self.params.batch_norm)
        parts = parts_of(source.features, batch.source.labels, batch.source.domains)
        labels = [losses.cross_entropy(model.head(part.features), part.labels) for part in parts]
        hidden_target = layers.reverse_gradient(target.features, 1.0)
        domains, accuracies = [], []
        for part in parts:
            head = model.domain_heads[part.source]
            logits = head(layers.reverse_gradient(part.features, 1.0)), head(hidden_target)
            domains.append(2 * losses.domain_cross_entropy(*logits))  # a sum of means, not the mean of both
            accuracies.append(losses.domain_accuracy(*logits))
        return {
            "joined": self.join(torch.stack(labels), torch.stack(domains)),
            "source": mean_of(labels).detach(),
            "domain": mean_of(domains).detach(),
            "domain_accuracy": mean_of(accuracies),
        }

    def join(self, labels: Tensor, domains: Tensor) -> Tensor:
        """One loss from those of all sources (k,)."""
        weight, gamma = self.params.adversarial_weight, self.params.gamma
        hard: Tensor = labels.max() + weight * domains.min()
        soft: Tensor = torch.logsumexp(gamma * (labels + weight * domains), 0) / gamma
        return hard if self.params.mode == "hard" else soft

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the domain heads' accuracy, and whether the classes are learnt."""
        return health.course(curve, "domain_accuracy", "mean accuracy of the domain heads (1/2 where all is hidden)")
