"""AdaMatch (Berthelot, Roelofs, Sohn, Carlini and Kurakin, ICLR 2022).

Paper: https://arxiv.org/abs/2106.04732

FixMatch for two domains. Of source and target there are weak and strong views, and

1. source logits lie at random, for each logit, between those that the source gives alone and those that it gives in one
   batch with the target, which differ by batch norm: z = z_joint + λ (z_alone − z_joint), λ ~ U(0, 1);
2. target predictions p_w are aligned with the source's: q ∝ p_w · E[p_S] / E[p_T], by a moving average and the mean of
   the last 128 batches;
3. the threshold is relative to how sure the source is: c = threshold · mean max p_S on weak views;
4. the target's loss comes in slowly: μ(p) = ½ − ½ cos(min(π, 2πp)) over progress p.

    L = ½ CE(source weak) + ½ CE(source strong) + weight · μ · mean over target 1[max q ≥ c] CE(z_strong, argmax q)

An average of the weights predicts.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

import tlbench
from tlbench import Batch, GradientStrategy, Health, Prediction, TransferModel, TransferTask, losses
from tlbench.core.predictor import Side
from tlbench_strategies.self_training import health
from tlbench_strategies.shared.adaptation import Adaptation, few_labels
from tlbench_strategies.shared.moving_average import decay_at, follow
from tlbench_strategies.shared.pseudo_labels import PseudoLabels, cross_entropy_on

#: Decay of the source's mean prediction, and batches in the target's (the authors' code).
SOURCE_DECAY, TARGET_BATCHES = 0.999, 128
SMALLEST = 1e-6


class AdaMatch(GradientStrategy):
    """Labels on two views of the source, and aligned predictions on weak views as labels of strong target views."""

    settings: ClassVar[set[str]] = Adaptation.settings
    classifier_trained_on: ClassVar = Adaptation.classifier_trained_on
    paper = "https://arxiv.org/abs/2106.04732"
    same_label_space = True

    class Params(tlbench.Params):
        """`weight`: factor on the target's loss; `threshold`: least probability, relative to the source's mean.

        `decay`: of the average of weights that predicts. In the first 1/(1 − decay) steps it is a plain mean.
        """

        weight: Annotated[float, Field(ge=0)] = 1.0
        threshold: Annotated[float, Field(ge=0)] = 0.9
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.999

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """Mean predictions of both domains."""
        return {"means": MeanPredictions(len(task.class_names))}

    def prepare(self, model: TransferModel) -> None:
        """The average of the weights."""
        model.average = nn.ModuleDict({"backbone": copy.deepcopy(model.backbone), "head": copy.deepcopy(model.head)})

    def frozen(self, model: TransferModel) -> Iterable[nn.Module]:
        """The average learns by nothing but the weights that it follows."""
        return [model.average]

    def loss(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """The source's labels on both views, and the target's loss; the share that is used is a monitor."""
        source = batch.source.view("weak"), batch.source.view("strong")
        target = batch.target.view("weak"), batch.target.view("strong")
        joint = [model.head(features) for features in model.features_of(*source, *target)]
        pairs = zip(joint[:2], alone(model, source, joint), strict=True)
        of_source = [between(one, other, batch.generator) for one, other in pairs]
        pseudo = self.pseudo_labels(model, of_source[0].detach(), joint[2].detach())
        labels = [losses.cross_entropy(logits, batch.source.labels) for logits in of_source]
        return {
            "source": 0.5 * (labels[0] + labels[1]),
            "strong": self.params.weight * warm_up(progress) * cross_entropy_on(pseudo, joint[3]),
            "used": pseudo.mask.mean(),
            **few_labels(model, batch),
        }

    @torch.no_grad()
    def pseudo_labels(self, model: TransferModel, source: Tensor, target: Tensor) -> PseudoLabels:
        """Aligned labels from logits (n, classes) on weak views of both domains."""
        of_source, of_target = source.softmax(1), target.softmax(1)
        model.means.note(of_source.mean(0), of_target.mean(0))
        aligned = model.means.align(of_target)
        probability, labels = aligned.max(1)
        least = self.params.threshold * of_source.amax(1).mean()
        return PseudoLabels(labels, (probability >= least).to(source.dtype))

    def after_step(self, model: TransferModel, batch: Batch, progress: float) -> None:
        """The average follows."""
        decay = decay_at(batch.step, self.params.decay)
        for name, module in (("backbone", model.backbone), ("head", model.head)):
            follow(model.average[name], module, decay)

    def predict(self, model: TransferModel, inputs: Tensor, side: Side) -> Prediction:
        """By the average, for both sides: their classes are the same."""
        features = model.average["backbone"](inputs)
        return Prediction(model.average["head"](features), features)

    @classmethod
    def health(cls, curve: Sequence[Mapping[str, Any]], params: Any) -> list[Health]:
        """How many target examples are used, and whether the classes are learnt."""
        return health.sure_enough(curve)


class MeanPredictions(nn.Module):
    """Mean predictions of the source, a moving average, and of the last batches of the target; all uniform at first."""

    source: Tensor
    target: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("source", torch.full((classes,), 1 / classes))
        self.register_buffer("target", torch.full((TARGET_BATCHES, classes), 1 / classes))

    def note(self, source: Tensor, target: Tensor) -> None:
        """Take the mean predictions (classes,) of a batch of each domain in."""
        self.source.lerp_(source, 1 - SOURCE_DECAY)
        self.target.copy_(torch.cat([self.target[1:], target.unsqueeze(0)]))

    def align(self, probabilities: Tensor) -> Tensor:
        """Target probabilities (n, classes) by how much more often the source has each class, with rows of sum 1."""
        moved = probabilities * (self.source + SMALLEST) / (self.target.mean(0) + SMALLEST)
        return moved / moved.sum(1, keepdim=True)


def between(joint: Tensor, alone: Tensor, generator: torch.Generator) -> Tensor:
    """A point for each logit, drawn uniformly between both."""
    share = torch.rand(joint.shape, generator=generator, device=joint.device, dtype=joint.dtype)
    return joint + share * (alone - joint)


def alone(model: TransferModel, views: Sequence[Tensor], joint: Sequence[Tensor]) -> list[Tensor]:
    """Logits of source views without the target; batch-norm statistics stay those of the joint batch.

    Without batch norm these are the joint ones, and no second pass is made.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training and m.track_running_stats]
    if not norms:
        return list(joint[: len(views)])
    for norm in norms:
        norm.track_running_stats = False
    logits = [model.head(features) for features in model.features_of(*views, together=True)]
    for norm in norms:
        norm.track_running_stats = True
    return logits


def warm_up(progress: float) -> float:
    """μ: from 0 to 1 over the first half."""
    return 0.5 - 0.5 * math.cos(min(math.pi, 2 * math.pi * progress))
