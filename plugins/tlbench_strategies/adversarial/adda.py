"""Adversarial discriminative domain adaptation, ADDA (Tzeng, Hoffman, Saenko and Darrell, CVPR 2017).

Paper: https://arxiv.org/abs/1702.05464

A model is trained on the source. Then its encoder is copied; the copy M_T learns to look like the original M_S to a
domain head D, which sees the source through the original alone. Two losses take turns on each batch:

    domain head  min −mean log D(M_S(x_S)) − mean log(1 − D(M_T(x_T)))    over D
    encoder      min −mean log D(M_T(x_T))                                 over M_T

The encoder's labels are **inverted**; that is no reversal of the gradient of D's loss, whose gradient vanishes where D
is sure. The source encoder and the classifier stay as they are, as the paper has it; in the authors' code for digits
(https://github.com/erictzeng/adda) D sees logits, and the last layer is adapted with the others. Both encoders are in
evaluation mode, so that dropout tells D nothing, and batch norm in them keeps the source's statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

import tlbench
from tlbench import Batch, GradientStrategy, Health, ParameterGroup, Substep, TransferModel, TransferTask, losses
from tlbench_strategies.adversarial import health
from tlbench_strategies.shared.domain_heads import Hidden, layers_to, widths_of


class AdversarialDiscriminative(GradientStrategy):
    """The source model, whose encoder goes on until a domain head takes its target features for source features."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train"}
    paper = "https://arxiv.org/abs/1702.05464"
    same_label_space = True
    uses_source_model = True
    start = "source-model"
    keeps_reference = True

    class Params(tlbench.Params):
        """`hidden`: widths of the domain head's hidden layers (the paper's for digits).

        `encoder_lr`, `domain_head_lr`: factors on the suite's learning rate. The authors train on digits at 1e-3 and
        adapt at 2e-4.
        """

        hidden: Hidden = (500, 500)
        encoder_lr: Annotated[float, Field(gt=0)] = 0.2
        domain_head_lr: Annotated[float, Field(gt=0)] = 0.2

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The domain head."""
        return {"domain_head": layers_to(1, features, widths_of(self.params.hidden))}

    def frozen(self, model: TransferModel) -> Iterable[nn.Module]:
        """The classifier."""
        return [model.head]

    def parameter_groups(self, model: TransferModel) -> list[ParameterGroup]:
        """Encoder and domain head, each with its rate."""
        return [
            ParameterGroup(model.backbone.parameters(), lr=self.params.encoder_lr),
            ParameterGroup(model.domain_head.parameters(), lr=self.params.domain_head_lr),
        ]

    def substeps(self, model: TransferModel) -> Sequence[Substep]:
        """The domain head, then the encoder."""
        return [
            Substep("domain_head", self.tell_apart, [model.domain_head]),
            Substep("encoder", self.deceive, [model.backbone]),
        ]

    def tell_apart(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Source features of the original from target features of the copy, neither of which this changes."""
        with torch.no_grad():
            source = model.reference.features(batch.source.inputs)
            target = encoded(model, batch.target.inputs)
        of_source, of_target = model.domain_head(source), model.domain_head(target)
        return {
            "domain": losses.domain_cross_entropy(of_source, of_target),
            "accuracy": losses.domain_accuracy(of_source, of_target),
        }

    def deceive(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Target features that the domain head takes for the source's, whose label is 0."""
        logits = model.domain_head(encoded(model, batch.target.inputs))
        return {"inverted": functional.softplus(logits).mean()}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """Whether the domain head is deceived in the end."""
        return health.deceived(curve, "domain_head.accuracy", "encoder.inverted")


def encoded(model: TransferModel, inputs: Tensor) -> Tensor:
    """Features of raw inputs (n, …) by the encoder that learns, in evaluation mode as the original is."""
    model.backbone.eval()
    return model.features(inputs)
