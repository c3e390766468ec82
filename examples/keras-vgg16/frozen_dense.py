"""A dense layer on a frozen backbone, trained on the source's labels: transfer learning at its plainest.

Unlike `feature-extraction`, which trains the backbone on the source first, it takes the backbone as it is initialised.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

import tlbench
from tlbench import FeatureStrategy, Predictor, Toolkit, TransferTask
from tlbench.hookspecs import Register


class FrozenDense(FeatureStrategy):
    """Softmax regression, that is, one dense layer, on standardised features; the backbone is never trained."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train features"}
    same_label_space = True
    needs_source_examples = True
    uses_source_model = False

    class Params(tlbench.Params):
        """`C`: the inverse strength of regularisation."""

        C: float = 0.1

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Features of the source's images under the backbone as it is initialised, then the layer on them."""
        backbone = toolkit.new_model(task).backbone.eval().requires_grad_(False)
        examples = toolkit.classifier_examples(task)
        features = toolkit.features(backbone, examples.inputs)
        return toolkit.feature_predictor(backbone, self.fit_features(features, examples.labels, task.seed), task)

    def fit_features(self, features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> object:
        """The layer, trained until it no longer changes."""
        from sklearn.linear_model import LogisticRegression  # here, for scikit-learn takes a second to import
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        layer = LogisticRegression(C=self.params.C, max_iter=1000)
        return make_pipeline(StandardScaler(), layer).fit(features, labels)


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Offer the one strategy of this file."""
    register("frozen-dense", FrozenDense, summary="a dense layer on the frozen backbone, trained on the source")
