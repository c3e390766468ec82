"""Deep adaptation network, DAN (Long, Cao, Wang and Jordan, ICML 2015).

Paper: https://arxiv.org/abs/1502.02791

    L = CE(source) + weight · MMD²(f_S, f_T)

with the maximum mean discrepancy of a sum of Gaussian kernels, whose variances are factors 2⁻³ … 2¹ on the mean squared
distance of the batch. The estimate is that of all pairs and without bias, as in the paper's section 3 before it is made
linear in time; the weights of the kernels are equal, where the paper learns them.

`of = "both"` adds the discrepancy of the logits, as the paper has one for each of its last layers; the
Transfer-Learning-Library has that of the features alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, BatchNorm, Outputs
from tlbench_strategies.shared.kernels import mmd, multiple_gaussians


class DeepAdaptationNetwork(Adaptation):
    """Source labels, and embeddings of both domains whose distributions are alike to several kernels."""

    paper = "https://arxiv.org/abs/1502.02791"

    class Params(Adaptation.Params):
        """`weight`: factor on MMD²; `of`: of what it is taken, `features`, `logits`, or the sum over `both`."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        of: Literal["features", "logits", "both"] = "features"
        batch_norm: BatchNorm = "separate"

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """MMD² of each layer asked for, summed."""
        layers = ("features", "logits") if self.params.of == "both" else (self.params.of,)
        pairs = [(getattr(source, layer), getattr(target, layer)) for layer in layers]
        distances = [mmd(multiple_gaussians(torch.cat(pair)), len(pair[0])) for pair in pairs]
        return {"mmd": self.params.weight * torch.stack(distances).sum()}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the discrepancy, and whether the classes are learnt."""
        return health.course(curve, "mmd", "weighted MMD² of source and target")
