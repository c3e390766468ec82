"""Mean Teacher for domain adaptation, self-ensembling (French, Mackiewicz and Fisher, ICLR 2018).

Papers: https://arxiv.org/abs/1706.05208; the teacher: Tarvainen and Valpola 2017, https://arxiv.org/abs/1703.01780

A teacher whose weights are a moving average of the student's says what is to be predicted for the target, where it is
sure enough. Both see weak views, each its own. With probabilities p_s, p_t of n target examples and K classes,

    L = CE(source) + weight · (mean over i of m_i/K ‖p_s,i − p_t,i‖² + balance · m̄ · Σ_k BCE(mean p_s,k; 1/K))

where m_i = 1[max p_t,i > threshold] and m̄ is its mean; the second part asks for classes that are equally frequent. The
teacher predicts. It normalises by batch-norm statistics of its own, which are the target's alone; source and target
pass the student separately.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

import tlbench
from tlbench import Batch, GradientStrategy, Health, Prediction, TransferModel, losses
from tlbench.core.predictor import Side
from tlbench_strategies.self_training import health
from tlbench_strategies.shared.adaptation import Adaptation, few_labels, outputs_for
from tlbench_strategies.shared.moving_average import decay_at, follow


class MeanTeacher(GradientStrategy):
    """Source labels, and an average of the weights so far as the teacher of the target."""

    settings: ClassVar[set[str]] = Adaptation.settings
    classifier_trained_on: ClassVar = Adaptation.classifier_trained_on
    paper = "https://arxiv.org/abs/1706.05208"
    same_label_space = True

    class Params(tlbench.Params):
        """`decay`: of the average; `weight`: factor on the target's loss; `balance`: factor within it on class balance.

        `threshold`: the least probability that the teacher must give. In the first 1/(1 − decay) steps the average is a
        plain mean.
        """

        weight: Annotated[float, Field(ge=0)] = 3.0
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
        threshold: Annotated[float, Field(ge=0)] = 0.968
        balance: Annotated[float, Field(ge=0)] = 0.005

    def prepare(self, model: TransferModel) -> None:
        """The teacher starts as the student."""
        model.teacher = nn.ModuleDict({"backbone": copy.deepcopy(model.backbone), "head": copy.deepcopy(model.head)})
        model.teacher.requires_grad_(False)

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Labels on the source, the teacher's on the target; the share that is used is a monitor."""
        target = batch.target
        source, student = outputs_for(model, "separate", batch.source.inputs, target.view("weak"))
        with torch.no_grad():
            taught = teach(model, target.view("weak")).logits.softmax(1)
        sure = (taught.amax(1) > self.params.threshold).to(taught.dtype)
        weight = self.params.weight
        balance = weight * self.params.balance * sure.mean() * imbalance(student.probabilities)
        return {
            "source": losses.cross_entropy(source.logits, batch.source.labels),
            "consistency": weight * (sure * (student.probabilities - taught).square().mean(1)).mean(),
            "balance": balance,
            "used": sure.mean(),
            **few_labels(model, batch),
        }

    def after_step(self, model: TransferModel, batch: Batch, progress: float) -> None:
        """The teacher follows, but for its statistics."""
        decay = decay_at(batch.step, self.params.decay)
        for name, module in (("backbone", model.backbone), ("head", model.head)):
            follow(model.teacher[name], module, decay, buffers=False)

    def predict(self, model: TransferModel, inputs: Tensor, side: Side) -> Prediction:
        """By the teacher, for both sides: their classes are the same."""
        return teach(model, inputs)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How many target examples are used, and whether the classes are learnt."""
        return health.sure_enough(curve)


def teach(model: TransferModel, inputs: Tensor) -> Prediction:
    """What the teacher says of raw inputs (n, …)."""
    features = model.teacher["backbone"](inputs)
    return Prediction(model.teacher["head"](features), features)


def imbalance(probabilities: Tensor) -> Tensor:
    """Σ_k BCE of the mean of probabilities (n, K) with 1/K, least where all classes are as frequent."""
    mean, even = probabilities.mean(0).clamp(1e-6, 1 - 1e-6), 1 / probabilities.shape[1]
    return -(even * mean.log() + (1 - even) * (1 - mean).log()).sum()
