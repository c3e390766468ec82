"""Maximum classifier discrepancy, MCD (Saito, Watanabe, Ushiku and Harada, CVPR 2018).

Paper: https://arxiv.org/abs/1712.02560

Two classifiers on one backbone. Where they disagree, a target example lies outside of what the source supports. Each
step has three parts on the same batch, with d = mean over examples and classes of |p₁ − p₂| on the target:

    labels       min CE₁(source) + CE₂(source)       over backbone and classifiers
    classifiers  min CE₁ + CE₂ − weight · d          over the classifiers
    backbone     min weight · d, `repeats` times     over the backbone

so that a step has 2 + `repeats` updates. The first classifier predicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, GradientStrategy, Health, Substep, TransferModel, TransferTask, losses
from tlbench.core.backbone import Backbone
from tlbench_strategies.shared import health
from tlbench_strategies.shared.adaptation import Adaptation, BatchNorm


class MaximumClassifierDiscrepancy(GradientStrategy):
    """Two classifiers that disagree on the target as much as they can, and a backbone that leaves them no way to."""

    settings: ClassVar[set[str]] = Adaptation.settings
    classifier_trained_on: ClassVar = Adaptation.classifier_trained_on
    paper = "https://arxiv.org/abs/1712.02560"
    same_label_space = True

    class Params(tlbench.Params):
        """`repeats`: updates of the backbone in each step; `weight`: factor on d.

        `batch_norm`: whether both domains pass the backbone as one batch (`mixed`), or each as its own.
        """

        repeats: Annotated[int, Field(ge=1)] = 4
        weight: Annotated[float, Field(gt=0)] = 1.0
        batch_norm: BatchNorm = "separate"

    def build_on(self, task: TransferTask, backbone: Backbone) -> Mapping[str, nn.Module]:
        """The second classifier, of the same kind as the first."""
        return {"second_head": backbone.head(len(task.class_names))}

    def substeps(self, model: TransferModel) -> Sequence[Substep]:
        """Labels, classifiers, backbone."""
        classifiers = [model.head, model.second_head]
        return [
            Substep("labels", self.labels, [model.backbone, *classifiers]),
            Substep("classifiers", self.disagree, classifiers),
            Substep("backbone", self.agree, [model.backbone], times=self.params.repeats),
        ]

    def labels(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Both classifiers learn the labels."""
        return self._labels(model, batch, model.features(batch.source.inputs))

    def disagree(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Both learn the labels, and to differ on the target."""
        together = False if self.params.batch_norm == "separate" else None
        source, target = model.features_of(batch.source.inputs, batch.target.inputs, together=together)
        return {
            **self._labels(model, batch, source.detach()),
            "discrepancy": -self.params.weight * discrepancy(model, target.detach()),
        }

    def agree(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Features of the target on which they do not differ."""
        features = model.features(batch.target.inputs)
        return {"discrepancy": self.params.weight * discrepancy(model, features)}

    def _labels(self, model: TransferModel, batch: Batch, source: Tensor) -> dict[str, Tensor]:
        """The label losses of both classifiers on source features, and on the few target labels of `inductive`."""
        first, second = (
            losses.cross_entropy(head(source), batch.source.labels) for head in (model.head, model.second_head)
        )
        return {"first": first, "second": second, **self._few_labels(model, batch)}

    def _few_labels(self, model: TransferModel, batch: Batch) -> dict[str, Tensor]:
        if not batch.has_labelled_target:
            return {}
        few = batch.labelled_target
        features = model.features(few.inputs)
        parts = [losses.cross_entropy(head(features), few.labels) for head in (model.head, model.second_head)]
        return {"target": parts[0] + parts[1]}

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """The course of the classifiers' disagreement, and whether the classes are learnt."""
        about = "weighted disagreement of the classifiers on the target, mean over classes"
        return health.course(curve, "backbone.discrepancy", about, label="labels.first")


def discrepancy(model: TransferModel, features: Tensor) -> Tensor:
    """D of both classifiers' predictions on features (n, d), a scalar in [0, 2/classes]."""
    first, second = (head(features).softmax(1) for head in (model.head, model.second_head))
    difference: Tensor = first - second
    return difference.abs().mean()
