"""Deep CORAL: correlation alignment for deep domain adaptation (Sun and Saenko, ECCV 2016 workshops).

Paper: https://arxiv.org/abs/1607.01719

    L = CE(source) + weight · ‖C_S − C_T‖²_F / (4 d²)

with the covariances C (d × d) of a batch of each domain. The paper takes them of its last layer, whose outputs are the
logits, and chooses the weight so that both terms are about as large when training ends. Means are not compared;
libraries that add their distance (Transfer-Learning-Library, DomainBed) have another method under this name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor

from tlbench import Batch, Health, TransferModel, losses
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs


class DeepCoral(Adaptation):
    """Source labels, and covariances of source and target that are alike."""

    paper = "https://arxiv.org/abs/1607.01719"

    class Params(Adaptation.Params):
        """`weight`: factor on the distance; `of`: whose covariances, of the paper's last layer or of the features."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        of: Literal["logits", "features"] = "logits"

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """The distance of the covariances."""
        pair = (getattr(each, self.params.of) for each in (source, target))
        return {"coral": self.params.weight * losses.covariance_distance(*pair)}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the distance, and whether the classes are learnt."""
        return health.course(curve, "coral", "weighted distance of covariances, which should end near the source loss")
