"""Pseudo-labels (Lee, ICML workshop on challenges in representation learning 2013).

Paper: https://www.kaggle.com/blobs/download/forum-message-attachment-files/746/pseudo_label_final.pdf

The class that is predicted for a target example is taken for its label:

    L = CE(source) + weight · α(p) · mean over target 1[max p ≥ threshold] CE(z, argmax z)

α rises from 0 at the share `starts` of the training to 1 at `ends`, and `weight` is the paper's limit, 3. The paper
has no threshold, which 0 stands for; the libraries of today have 0.95.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from pydantic import Field, model_validator
from torch import Tensor

from tlbench import Batch, Health, TransferModel
from tlbench_strategies.self_training import health
from tlbench_strategies.shared.adaptation import Adaptation, Outputs
from tlbench_strategies.shared.pseudo_labels import cross_entropy_on, sure_ones

_Share = Annotated[float, Field(ge=0, le=1)]


class PseudoLabelling(Adaptation):
    """Source labels, and the classes that are predicted for the target as if they were labels."""

    paper = "https://www.kaggle.com/blobs/download/forum-message-attachment-files/746/pseudo_label_final.pdf"

    class Params(Adaptation.Params):
        """`weight`: limit of the factor on the target's loss; `starts`, `ends`: its rise, in shares of the training.

        `threshold`: the least probability of a prediction that is taken.
        """

        weight: Annotated[float, Field(ge=0)] = 3.0
        threshold: Annotated[float, Field(ge=0)] = 0.0
        starts: _Share = 0.1
        ends: _Share = 0.6

        @model_validator(mode="after")
        def _in_order(self) -> PseudoLabelling.Params:
            if self.ends <= self.starts:
                raise ValueError(f"ends = {self.ends:g} must come after starts = {self.starts:g}")
            return self

    def adapt(
        self, model: TransferModel, source: Outputs, target: Outputs, batch: Batch, progress: float
    ) -> Mapping[str, Tensor]:
        """Cross entropy on the predictions themselves; the share that is used and the factor are monitors."""
        pseudo = sure_ones(target.logits, self.params.threshold)
        ramp = (progress - self.params.starts) / (self.params.ends - self.params.starts)
        weight = self.params.weight * min(max(ramp, 0.0), 1.0)
        return {
            "pseudo": weight * cross_entropy_on(pseudo, target.logits),
            "used": pseudo.mask.mean(),
            "weight": torch.tensor(weight),
        }

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How many target examples are used, and whether the classes are learnt."""
        return health.sure_enough(curve)
