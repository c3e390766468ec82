"""Adaptive feature norm, AFN (Xu, Li, Yang and Lin, ICCV 2019, "Larger norm more transferable").

Paper: https://arxiv.org/abs/1811.07456

Features of the target have small norms, and those with larger ones transfer better. `stepwise` (SAFN) asks each example
for a norm a step larger than it has, `hard` (HAFN) asks both domains for a mean norm of `radius`:

    stepwise:  L = CE(source) + weight · Σ over domains  mean (‖f‖ − (‖f‖_constant + step))²
    hard:      L = CE(source) + weight · Σ over domains  (mean ‖f‖ − radius)²

The norm that stepwise starts from is a constant, so that the value of its term is always step² for each domain, and
only its gradient, −2 step f/‖f‖, does something. `entropy_weight` adds the mean entropy of target predictions (the
paper's SAFN+ENT has 0.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, BatchNorm, Outputs
from tlbench_strategies.shared.entropy import entropy


class AdaptiveFeatureNorm(Adaptation):
    """Source labels, and features of both domains whose norms grow step by step."""

    paper = "https://arxiv.org/abs/1811.07456"

    class Params(Adaptation.Params):
        """`weight`: factor on the norm term; `step` and `radius`: norms, in the units of the features."""

        weight: Annotated[float, Field(ge=0)] = 0.05
        kind: Literal["stepwise", "hard"] = "stepwise"
        step: Annotated[float, Field(gt=0)] = 1.0
        radius: Annotated[float, Field(gt=0)] = 25.0
        entropy_weight: Annotated[float, Field(ge=0)] = 0.0
        batch_norm: BatchNorm = "separate"

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """The norm terms of both domains, the entropy of the target, and mean norms as monitors."""
        norms = [each.features.norm(dim=1) for each in (source, target)]
        of_source, of_target = (self.params.weight * self.distance(norm) for norm in norms)
        terms = {"norm": of_source + of_target}
        if self.params.entropy_weight:
            terms["entropy"] = self.params.entropy_weight * entropy(target.logits).mean()
        monitors = [norm.detach().mean() for norm in norms]
        return {**terms, "source_norm": monitors[0], "target_norm": monitors[1]}

    def distance(self, norms: Tensor) -> Tensor:
        """How far norms (n,) are from those that are asked for."""
        hard = self.params.kind == "hard"
        missing: Tensor = norms.mean() - self.params.radius if hard else norms - (norms.detach() + self.params.step)
        return missing.square().mean()

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the norms, which should grow in both domains, and whether the classes are learnt."""
        lines = health.course(curve, "source_norm", "mean norm of source features")
        return health.course(curve, "target_norm", "mean norm of target features")[:1] + lines
