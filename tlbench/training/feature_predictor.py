"""Predictions of a scikit-learn classifier on the features of a frozen backbone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlbench.core.backbone import Backbone
from tlbench.core.predictor import Prediction, Predictor, PredictorParts, Side
from tlbench.core.saved_heads import LEAST

#: Features (n, d) to features (n, d).
FeatureMap = Callable[[NDArray[np.float32]], NDArray[Any]]


class FeaturePredictor(Predictor):
    """Logits of a classifier with `classes_`, which are some of 0 to `classes` − 1.

    Classes that it never saw get a logit below which none of its own lies. One classifier serves both sides, where
    source and target have the same classes; `of_source` is what was done to source features before it was fitted.
    """

    def __init__(
        self,
        backbone: Backbone,
        classifier: Any,
        classes: int,
        same_label_space: bool,
        of_source: FeatureMap | None = None,
    ) -> None:
        self._of_source = of_source
        self._backbone = backbone
        self._classifier = classifier
        self._classes = classes
        self._same_label_space = same_label_space

    def has_side(self, side: Side) -> bool:
        """A source side exists where it has the target's classes."""
        return side == "target" or self._same_label_space

    def parts(self) -> PredictorParts:
        """The frozen backbone and the classifier, as tensors where it is one of those that tlbench knows."""
        from tlbench.training.classifier_heads import saved_head

        return PredictorParts(self._backbone, saved_head(self._classifier, self._classes) or self._classifier)

    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """Features by the backbone, logits by the classifier, on the CPU."""
        features = self._backbone(inputs)
        if side == "source" and self._of_source is not None:
            moved = self._of_source(features.cpu().numpy())
            features = torch.from_numpy(np.ascontiguousarray(moved, dtype=np.float32)).to(features.device)
        known = logits_of(self._classifier, features.cpu().numpy())
        least = np.minimum(known.min(axis=1, keepdims=True), np.log(LEAST))
        logits = np.repeat(least, self._classes, axis=1)
        logits[:, self._classifier.classes_] = known
        return Prediction(torch.from_numpy(logits), features)


def logits_of(classifier: Any, features: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """Logits (n, classes seen) of features (n, d): log-probabilities where there are any, else decision values.

    Of two classes scikit-learn gives one column of decision values, which is positive for the second: d becomes
    (−d, d), as one-against-rest has it for more. They are no log-odds, so that `nll` and `ece` of them say little.
    """
    if hasattr(classifier, "predict_proba"):
        probabilities: NDArray[np.floating[Any]] = classifier.predict_proba(features)
        logarithms: NDArray[np.floating[Any]] = np.log(np.clip(probabilities, LEAST, 1.0))
        return logarithms
    values: NDArray[np.floating[Any]] = classifier.decision_function(features)
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values
