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
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator
from torch import Tensor, nn

import tlbench
from tlbench import Batch, GradientStrategy, Health, TransferModel, TransferTask, layers, losses, schedules
from tlbench_strategies.adversarial import health


def _one_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<one>"


_Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
# Tags keep the faults of a list apart from those of a number.
Hidden = Annotated[
    Annotated[int, Field(ge=0), Tag("<one>")] | Annotated[_Widths, Tag("<list>")], Discriminator(_one_or_list)
]


class DomainAdversarial(GradientStrategy):
    """Source labels and, through reversed gradients, features that hide their domain.

    `transductive`: target inputs only. `inductive`: the few target labels join the label loss.
    """

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train", "inductive": "source train and target shots"}
    paper = "https://jmlr.org/papers/v17/15-239.html"
    same_label_space = True

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
        batch_norm: Annotated[Literal["mixed", "separate"], tlbench.AddedField()] = "mixed"

        @field_validator("head_norm")
        @classmethod
        def _has_hidden_layers(cls, value: bool, info: ValidationInfo) -> bool:
            if value and info.data.get("hidden") == 0:
                raise ValueError("needs a hidden layer to normalise, and hidden is 0; give it a width, or leave it out")
            return value

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The domain head; by default the paper's for small images, one hidden layer of 100, then a logit."""
        hidden = self.params.hidden
        widths = hidden if isinstance(hidden, tuple) else (hidden,) if hidden else ()
        return {"domain_head": _domain_head(features, widths, self.params.head_norm)}

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Label loss and domain loss; the few target labels of `inductive` are used as well."""
        source = batch.source
        of_source, of_target = self._features(model, source.inputs, batch.target.inputs)
        ramp = schedules.adversarial_weight(progress, self.params.slope) if self.params.ramp else 1.0
        weight = self.params.adversarial_weight * ramp
        source_domain, target_domain = self._domains(model, of_source, of_target, weight)
        terms = {
            "source": losses.cross_entropy(model.head(of_source), source.labels),
            "domain": self.params.domain_weight * losses.domain_cross_entropy(source_domain, target_domain),
            "domain_accuracy": losses.domain_accuracy(source_domain, target_domain),
            "lambda": torch.tensor(weight),
        }
        if batch.has_labelled_target:
            few = batch.labelled_target
            terms["target"] = losses.cross_entropy(model(few.inputs), few.labels)
        return terms

    def _features(self, model: TransferModel, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the inputs of both domains."""
        together = False if self.params.batch_norm == "separate" else None
        of_source, of_target = model.features_of(source, target, together=together)
        return of_source, of_target

    def _domains(self, model: TransferModel, source: Tensor, target: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Logits of the domain head on the features of both domains, behind the reversal of gradients."""
        source, target = (layers.reverse_gradient(part, weight) for part in (source, target))
        if not self.params.head_norm:
            return model.domain_head(source), model.domain_head(target)
        # Always one batch: a head that normalises each domain by itself no longer sees in what their means differ.
        logits = model.domain_head(torch.cat([source, target]))
        return logits[: len(source)], logits[len(source) :]

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Params) -> list[Health]:
        """Domain accuracy, domain loss and λ at start and end, against the course that they should take."""
        plain = [
            {**point, "domain": point["domain"] / params.domain_weight} if "domain" in point else point
            for point in curve
        ]
        return health.game(plain, params.adversarial_weight, params.ramp, params.slope)


def _domain_head(features: int, widths: Sequence[int], norm: bool) -> nn.Module:
    """Features (n, features) to a logit (n, 1), through hidden layers with ReLU."""
    parts: list[nn.Module] = []
    for width in widths:
        parts += [nn.Linear(features, width), *([nn.BatchNorm1d(width)] if norm else []), nn.ReLU()]
        features = width
    last = nn.Linear(features, 1)
    return nn.Sequential(*parts, last) if parts else last
