"""Batch nuclear-norm maximisation, BNM (Cui, Wang, Zhuo, Li, Huang and Tian, CVPR 2020).

Paper: https://arxiv.org/abs/2003.12237

Sure predictions P (n × classes) for a batch of the target have a large Frobenius norm, diverse ones a high rank. The
nuclear norm ‖P‖_*, the sum of the singular values, is large where they are both:

    L = CE(source) − weight · ‖P_T‖_* / n

Minimising the entropy alone would give rare classes up. The authors' code takes the mean of the singular values, which
is this times n/min(n, classes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.spectra import nuclear_norm


class BatchNuclearNorm(Adaptation):
    """Source labels, and target predictions that are sure and diverse."""

    paper = "https://arxiv.org/abs/2003.12237"

    class Params(Adaptation.Params):
        """`weight`: factor on the nuclear norm of a batch's predictions by its size."""

        weight: Annotated[float, Field(ge=0)] = 1.0

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """The negative nuclear norm."""
        return {"nuclear": -self.params.weight * nuclear_norm(target.probabilities) / len(target.probabilities)}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the norm, and whether the classes are learnt."""
        return health.course(curve, "nuclear", "negative nuclear norm of target predictions, which should fall")
