"""Deep domain confusion, DDC (Tzeng, Hoffman, Zhang, Saenko and Darrell 2014).

Paper: https://arxiv.org/abs/1412.3474

    L = cross entropy on source labels + λ · ‖mean f_S − mean f_T‖²

with the features f of a batch of each domain. The second term is the maximum mean discrepancy to a linear kernel. The
paper puts a layer of its own between backbone and classifier; here f are the features of the backbone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

import tlbench
from tlbench import Batch, TransferModel, losses


class DeepDomainConfusion(tlbench.GradientStrategy):
    """Source labels, and mean features of source and target that are made alike."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train"}
    paper = "https://arxiv.org/abs/1412.3474"
    same_label_space = True

    class Params(tlbench.Params):
        """`weight` is λ."""

        weight: Annotated[float, Field(ge=0)] = 0.25

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The two terms; target inputs are seen without labels."""
        of_source, of_target = model.features_of(batch.source.inputs, batch.target.inputs)
        return {
            "source": losses.cross_entropy(model.head(of_source), batch.source.labels),
            "confusion": self.params.weight * (of_source.mean(0) - of_target.mean(0)).square().sum(),
        }
