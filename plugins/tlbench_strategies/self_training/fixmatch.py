"""FixMatch for domain adaptation (Sohn et al., NeurIPS 2020).

Paper: https://arxiv.org/abs/2001.07685

What is predicted for a weakly changed view of a target example is the label of a strongly changed one, where it is sure
enough. With p_w = softmax of the logits on the weak view, a constant to the gradient, and z_s those on the strong view,

    L = CE(source) + weight · mean over target 1[max p_w ≥ threshold] CE(z_s, argmax p_w)

The mean is over all examples, so that few sure ones count little. Views are those of the modality
(`tlbench.training.views`); source inputs are seen as the suite's `augment` says, which is `"weak"` in the paper. The
paper's threshold is 0.95, for few labels; the Transfer-Learning-Library adapts domains with 0.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor

import tlbench
from tlbench import Batch, GradientStrategy, Health, TransferModel, losses
from tlbench_strategies.self_training import health
from tlbench_strategies.shared.adaptation import Adaptation, BatchNorm, few_labels, outputs_for
from tlbench_strategies.shared.pseudo_labels import PseudoLabels, cross_entropy_on, sure_ones


class FixMatch(GradientStrategy):
    """Source labels, and sure predictions on weak views as labels of strong views of the target."""

    settings: ClassVar[set[str]] = Adaptation.settings
    classifier_trained_on: ClassVar = Adaptation.classifier_trained_on
    paper = "https://arxiv.org/abs/2001.07685"
    same_label_space = True

    class Params(tlbench.Params):
        """`weight`: factor on the target's loss; `threshold`: least probability of a label that is used.

        `batch_norm`: whether source and views pass the backbone as one batch (`mixed`, as in the paper's code), or each
        as its own.
        """

        weight: Annotated[float, Field(ge=0)] = 1.0
        threshold: Annotated[float, Field(ge=0)] = 0.95
        batch_norm: BatchNorm = "mixed"

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Labels on the source, pseudo-labels on strong views; the share that is used is a monitor."""
        target = batch.target
        source, weak, strong = outputs_for(
            model, self.params.batch_norm, batch.source.inputs, target.view("weak"), target.view("strong")
        )
        pseudo = self.pseudo_labels(model, weak.logits.detach(), target.index)
        return {
            "source": losses.cross_entropy(source.logits, batch.source.labels),
            "strong": self.params.weight * cross_entropy_on(pseudo, strong.logits),
            "used": pseudo.mask.mean(),
            **few_labels(model, batch),
        }

    def pseudo_labels(self, model: TransferModel, logits: Tensor, index: Tensor) -> PseudoLabels:
        """Labels from logits (n, classes) on weak views of the target inputs at the places `index` (n,)."""
        return sure_ones(logits, self.params.threshold)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How many target examples are used, and whether the classes are learnt."""
        return health.sure_enough(curve)
