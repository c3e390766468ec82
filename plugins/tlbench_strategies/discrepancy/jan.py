"""Joint adaptation network, JAN (Long, Zhu, Wang and Jordan, ICML 2017).

Paper: https://arxiv.org/abs/1605.06636

    L = CE(source) + weight · MMD²((f, p)_S, (f, p)_T)

of features f and predictions p together: the kernel of the joint distribution is the **product** of that of the
features, a sum of Gaussians as in DAN, and that of the softmax, one Gaussian with σ = 0.92. Gradients go through both.
As in the Transfer-Learning-Library the two domains are one batch, all pairs count, and no layer is learnt between
embeddings and kernels (the paper's JAN-A).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.kernels import gaussian, mmd, multiple_gaussians, squared_distances


class JointAdaptationNetwork(Adaptation):
    """Source labels, and joint distributions of embeddings and predictions that are alike."""

    paper = "https://arxiv.org/abs/1605.06636"

    class Params(Adaptation.Params):
        """`weight`: factor on MMD²; `sigma`: bandwidth of the kernel of predictions, in probability."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        sigma: Annotated[float, Field(gt=0)] = 0.92

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """MMD² under the product of the two kernels."""
        of_features = multiple_gaussians(torch.cat([source.features, target.features]))
        distances = squared_distances(torch.cat([source.probabilities, target.probabilities]))
        joint = of_features * gaussian(distances, self.params.sigma**2)
        return {"joint_mmd": self.params.weight * mmd(joint, len(source.features))}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the discrepancy, and whether the classes are learnt."""
        return health.course(curve, "joint_mmd", "weighted joint MMD² of source and target")
