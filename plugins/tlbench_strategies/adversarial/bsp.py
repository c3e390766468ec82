"""Batch spectral penalisation, BSP (Chen, Wang, Long and Wang, ICML 2019, "Transferability vs. discriminability").

Paper: https://proceedings.mlr.press/v97/chen19i.html

Adversarial training lets the largest singular value of the features grow past all others, and what tells classes apart
is lost. BSP is DANN with a penalty on it, for each domain's batch of features F (n × d) by itself, not centred:

    L = L_DANN + spectral_weight · (σ₁(F_S)² + σ₁(F_T)²)

It starts from the source model, as the authors' code trains on the source first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from torch import Tensor

from tlbench import Batch, TransferModel
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.shared.adaptation import Outputs
from tlbench_strategies.shared.spectra import spectral_norm


class BatchSpectralPenalization(DomainAdversarial):
    """DANN from the source model on, with a penalty on the largest singular value of each domain's features."""

    paper = "https://proceedings.mlr.press/v97/chen19i.html"
    uses_source_model = True
    start = "source-model"

    class Params(DomainAdversarial.Params):
        """`spectral_weight`: factor on σ₁², the authors' 2e-4 for photographs (digits: 1e-4); others as DANN's."""

        spectral_weight: Annotated[float, Field(ge=0)] = 2e-4

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """DANN's terms and the penalty."""
        largest = [spectral_norm(each.features).square() for each in (source, target)]
        penalty = self.params.spectral_weight * (largest[0] + largest[1])
        return {**super().adapt(model, source, target, batch, progress), "spectral": penalty}
