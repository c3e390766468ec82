"""Discriminator-free adversarial learning, DALN (Chen, Chen, Wei, Jin, Tan, Jin and Chen, CVPR 2022).

Paper: https://arxiv.org/abs/2204.03838

The classifier itself tells domains apart: on the source its predictions P (n × classes) are sure and spread over the
classes, which a large nuclear norm ‖P‖_* means, and on the target less so. With the nuclear-norm Wasserstein
discrepancy

    NWD = ‖P_S‖_* / n_S − ‖P_T‖_* / n_T
    L = CE(source) − weight · NWD

the classifier makes NWD large, and features, behind a reversal of gradients, make it small: target predictions become
sure and diverse. λ of the reversal rises from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel, layers, schedules
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.spectra import nuclear_norm


class DiscriminatorFree(Adaptation):
    """Source labels, and a classifier that is its own domain head, through reversed gradients."""

    paper = "https://arxiv.org/abs/2204.03838"

    class Params(Adaptation.Params):
        """`weight`: factor on NWD; `slope`: that of λ = 2/(1 + e^(−slope·p)) − 1 over progress p from 0 to 1."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        slope: Annotated[float, Field(gt=0)] = 10.0

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """−NWD, of predictions on features behind the reversal; λ is a monitor."""
        ramp = schedules.adversarial_weight(progress, self.params.slope)
        discrepancy = nuclear_discrepancy(
            *(model.head(layers.reverse_gradient(each.features, ramp)).softmax(1) for each in (source, target))
        )
        return {"nwd": -self.params.weight * discrepancy, "lambda": torch.tensor(ramp)}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the discrepancy, and whether the classes are learnt."""
        return health.course(curve, "nwd", "−NWD, weighted, which should end near 0")


def nuclear_discrepancy(source: Tensor, target: Tensor) -> Tensor:
    """NWD of predictions of the source (n, classes) and of the target (m, classes), probabilities."""
    return nuclear_norm(source) / len(source) - nuclear_norm(target) / len(target)
