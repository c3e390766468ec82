"""What a strategy hands back: something that predicts, at each of its checkpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from tlbench.core.backbone import Backbone
from tlbench.core.model import TransferModel

Side = Literal["source", "target"]


@dataclass(frozen=True)
class Prediction:
    """Logits (n, classes) and the features (n, d) that they were computed from."""

    logits: Tensor
    features: Tensor


@dataclass(frozen=True)
class PredictorParts:
    """What predicts for the target at one checkpoint: a backbone, and a head from its features to logits.

    The head is a module of the backbone's own form (`Backbone.head`), one of `tlbench.core.saved_heads`, a module whose
    `as_saved()` gives such a one, or a fitted classifier of scikit-learn with `classes_`.
    """

    backbone: Backbone
    head: Any


class Predictor(ABC):
    """Predicts for raw inputs. `steps` are the checkpoints, the last being the end of training."""

    steps: Sequence[int] = (0,)

    def load(self, step: int) -> None:
        """Go to the checkpoint of `step` (default: there is one)."""
        return

    def has_side(self, side: Side) -> bool:
        """Whether there is a classifier for the classes of this side."""
        return side == "target"

    def select_source(self, index: int) -> None:
        """Say which of several sources is predicted for next (default: one classifier serves them all)."""
        return

    def parts(self) -> PredictorParts | None:
        """What can be kept of the checkpoint that is loaded, for `tlbench export`; None (the default): nothing."""
        return None

    @abstractmethod
    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """Predictions for a batch of raw inputs (n, …) into the classes of `side`."""


class ModelPredictor(Predictor):
    """A `TransferModel` and its checkpoints (weights by step)."""

    def __init__(self, model: TransferModel, checkpoints: Mapping[int, Mapping[str, Tensor]]) -> None:
        self.model = model
        self.checkpoints = checkpoints
        self.steps = sorted(checkpoints)
        self._source = 0

    def load(self, step: int) -> None:
        """Load the weights of a checkpoint."""
        self.model.load_state_dict(dict(self.checkpoints[step]))

    def parts(self) -> PredictorParts | None:
        """Backbone and head; None for a subclass that predicts in a way of its own."""
        own = type(self).predict is not ModelPredictor.predict or type(self.model).forward is not TransferModel.forward
        return None if own else PredictorParts(self.model.backbone, self.model.head)

    def has_side(self, side: Side) -> bool:
        """A source side exists where the model has a source head."""
        return side == "target" or self.model.source_head is not None

    def select_source(self, index: int) -> None:
        """Take the source head of this source, where the model has one for each."""
        self._source = index

    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """In evaluation mode: batch norm uses its running statistics."""
        self.model.eval()
        features = self.model.features(inputs)
        head = self.model.head if side == "target" else self.model.head_of_source(self._source)
        if head is None:
            raise ValueError("this model has no source head")
        return Prediction(head(features), features)
