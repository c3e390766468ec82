"""Fine-tuning (Yosinski et al. 2014, "How transferable are features in deep neural networks?").

Paper: https://arxiv.org/abs/1411.1792

Two phases of the suite's budget each:

1. θ_S = argmin over θ of the cross entropy on the source's labels (shared with `source-only`);
2. starting from exactly θ_S, minimise the cross entropy on the labelled target examples, with the first N stages
   of the backbone frozen and the rest of it learning at `backbone_lr` times the head's rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, GradientStrategy, TransferModel, losses
from tlbench.core.task import TaskOutline


class FineTune(GradientStrategy):
    """Train on the source, copy, fine-tune on the labelled target."""

    settings: ClassVar[set[str]] = {"inductive"}
    classifier_trained_on: ClassVar = {"inductive": "source train, then target shots"}
    paper = "https://arxiv.org/abs/1411.1792"
    uses_source_model = True
    needs_source_examples = False
    start = "source-model"

    class Params(tlbench.Params):
        """`freeze`: `none`, `backbone`, or how many stages from the input; rates are factors on the suite's."""

        freeze: Literal["none", "backbone"] | Annotated[int, Field(ge=0)] = "none"
        backbone_lr: Annotated[float, Field(ge=0)] = 1.0
        head_lr: Annotated[float, Field(ge=0)] = 1.0

    @classmethod
    def uses_source(cls, outline: TaskOutline, trainable: bool) -> bool:
        """By the backbone, or by the head, which is new where the classes are others."""
        return trainable or outline.same_label_space or outline.weights_alone

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Tensor:
        """Cross entropy on labelled target examples."""
        examples = batch.labelled_target
        return losses.cross_entropy(model(examples.inputs), examples.labels)

    def frozen(self, model: TransferModel) -> Iterable[nn.Module]:
        """The stages that `freeze` names."""
        freeze = self.params.freeze
        if freeze == "backbone":
            return [model.backbone]
        return list(model.backbone.stages)[: 0 if freeze == "none" else freeze]

    def parameter_groups(self, model: TransferModel) -> Iterable[tuple[Iterable[nn.Parameter], float]]:
        """Backbone and head, each at its own rate. A source head of its own is left as it is."""
        return [
            (list(model.backbone.parameters()), self.params.backbone_lr),
            (list(model.head.parameters()), self.params.head_lr),
        ]
