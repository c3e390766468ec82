"""Multi-task learning with a shared backbone (Caruana 1997), losses weighted by uncertainty (Kendall et al. 2018).

Papers: https://doi.org/10.1023/A:1007379606734 and https://arxiv.org/abs/1705.07115

One backbone and a head per domain, source and target trained together:

    L = w_S L_S + w_T L_T                                fixed
    L = Σ_d exp(−s_d) L_d + s_d / 2,   s_d = log σ_d²    uncertainty, s_d learnt (eq. 10 of Kendall et al.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Backbone, Batch, GradientStrategy, TransferModel, TransferTask, losses
from tlbench.core.task import TaskOutline


class LogVariances(nn.Module):
    """s_d = log σ_d² for each domain, from 0, so that training starts with equal weights."""

    def __init__(self, domains: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(domains))

    def forward(self, losses: Tensor) -> Tensor:
        """Losses (domains,) to their weighted sum with its regulariser, a scalar."""
        return (torch.exp(-self.values) * losses + 0.5 * self.values).sum()


class MultiTask(GradientStrategy):
    """A shared backbone, one head per domain; the target's head predicts."""

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "target shots (its own head); source train shapes the backbone"}
    paper = "https://arxiv.org/abs/1705.07115"

    class Params(tlbench.Params):
        """`weighting`: `fixed` with `source_weight` (the target's weight is 1), or `uncertainty`."""

        weighting: Literal["fixed", "uncertainty"] = "fixed"
        source_weight: Annotated[float, Field(ge=0)] = 1.0

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """By the backbone alone: heads of different domains share nothing."""
        return trainable

    def build_on(self, task: TransferTask, backbone: Backbone) -> Mapping[str, nn.Module]:
        """A head for every source, and the learnt variances where they are asked for."""
        heads = nn.ModuleList([backbone.head(len(source.class_names)) for source in task.sources])
        added: dict[str, nn.Module] = {"source_heads": heads, "source_head": heads[0]}  # the latter scores the source
        if self.params.weighting == "uncertainty":
            added["log_variances"] = LogVariances(len(task.sources) + 1)
        return added

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The losses of source and target, weighted."""
        source, target = batch.source, batch.labelled_target
        features = model.features(torch.cat([source.inputs, target.inputs]))
        of_source, of_target = features[: len(source.inputs)], features[len(source.inputs) :]
        parts = [
            losses.cross_entropy(head(of_source[source.domains == index]), source.labels[source.domains == index])
            for index, head in enumerate(model.source_heads)
        ]
        target_loss = losses.cross_entropy(model.head(of_target), target.labels)
        if self.params.weighting == "uncertainty":
            total = model.log_variances(torch.stack([*parts, target_loss]))
            monitors = {"source": torch.stack(parts).mean().detach(), "target": target_loss.detach()}
            return {"weighted": total, **monitors, "log_variance_target": model.log_variances.values[-1].detach()}
        return {"source": self.params.source_weight * torch.stack(parts).mean(), "target": target_loss}
