"""What `linear-probe`, `linear-svm` and `nearest-neighbour` share: features of a backbone as it is initialised.

`feature-extraction` trains the backbone on the source first; here nothing does. In `transductive` the classifier is
trained on the source's labels. In `inductive` it is trained on the target's, so source examples have no part at all and
the gap to A(∅, T) is 0; where the backbone's weights are the source (`weights:target`), it says what these are worth.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import tlbench
from tlbench import FeatureStrategy
from tlbench_strategies.frozen_features.scaling import Scale, Scaler


class InitialFeatures(FeatureStrategy):
    """A classifier on scaled features of the backbone's own weights: give `classifier`."""

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train features", "inductive": "target shot features"}
    uses_source_model = False
    deterministic = True

    class Params(tlbench.Params):
        """`scale`: features as they are, standardised, or of norm 1."""

        scale: Scale = "none"

    @abstractmethod
    def classifier(self, examples: int) -> Any:
        """A classifier of scikit-learn, before its fit on a number of examples."""

    def fit_features(self, features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> object:
        """The scaler is made from the classifier's training features alone, whatever it scales later."""
        from sklearn.pipeline import make_pipeline  # here, for scikit-learn takes a second to import
        from sklearn.preprocessing import FunctionTransformer

        scaler = Scaler(features, self.params.scale)
        pipeline = make_pipeline(FunctionTransformer(scaler.of_array), self.classifier(len(features)))
        fitted: object = pipeline.fit(features, labels)
        return fitted
