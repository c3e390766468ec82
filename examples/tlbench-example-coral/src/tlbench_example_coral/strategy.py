"""Deep CORAL: correlation alignment for deep domain adaptation (Sun and Saenko, ECCV 2016 workshops).

Paper: https://arxiv.org/abs/1607.01719

    L = cross entropy on source labels + λ · ‖C_S − C_T‖²_F / (4 d²)

with the covariances C_S and C_T (d × d) of a batch of source and one of target. The paper takes them of the last layer,
whose outputs are the logits, and chooses λ so that both terms are about as large when training ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

import tlbench
from tlbench import Batch, TransferModel, losses


class DeepCoral(tlbench.GradientStrategy):
    """Source labels, and covariances of source and target that are made alike."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train"}
    paper = "https://arxiv.org/abs/1607.01719"
    same_label_space = True

    class Params(tlbench.Params):
        """`weight` is λ; `of` says of what the covariances are taken: the paper's last layer, or the features below."""

        weight: Annotated[float, Field(ge=0)] = 1.0
        of: Literal["logits", "features"] = "logits"

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The two terms; target inputs are seen without labels."""
        source = batch.source
        joined = model.features(torch.cat([source.inputs, batch.target.inputs]))
        of_source, of_target = joined[: len(source.inputs)], joined[len(source.inputs) :]
        logits = model.head(of_source)
        if self.params.of == "logits":
            of_source, of_target = logits, model.head(of_target)
        return {
            "source": losses.cross_entropy(logits, source.labels),
            "coral": self.params.weight * losses.covariance_distance(of_source, of_target),
        }
