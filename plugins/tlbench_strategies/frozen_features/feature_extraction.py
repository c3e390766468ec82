"""Feature extraction (Donahue et al. 2014, "DeCAF"): a frozen backbone and a linear classifier.

Paper: https://arxiv.org/abs/1310.1531

With features φ(x) of the backbone as it was pretrained or trained on the source, standardised by the mean and the
deviation of the training features, minimise over W, b

    Σ −log softmax(Wφ(x) + b)_y + 1/(2C) ‖W‖²

C is chosen by cross-validation on the same training examples; nothing else is ever looked at.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

import tlbench
from tlbench import FeatureStrategy


class FeatureExtraction(FeatureStrategy):
    """Logistic regression on standardised features of a frozen backbone."""

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train features", "inductive": "target shot features"}
    paper = "https://arxiv.org/abs/1310.1531"

    class Params(tlbench.Params):
        """`C`: the candidates for the inverse strength of regularisation; `folds`: of the cross-validation."""

        C: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0)
        folds: int = 3
        max_iter: int = 200

    def fit_features(self, features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> object:
        """Scaler and classifier in one pipeline, so that each fold's scaler sees that fold's training part alone."""
        from sklearn.linear_model import LogisticRegression  # here, for scikit-learn takes a second to import
        from sklearn.model_selection import GridSearchCV, StratifiedKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=self.params.max_iter, tol=1e-3))
        fewest = int(np.bincount(labels)[np.unique(labels)].min())
        folds = min(self.params.folds, fewest)
        if folds < 2:  # one example of some class: nothing to hold out, so the candidate nearest to 1 is taken
            strength = min(self.params.C, key=lambda value: abs(np.log(value)))
            return pipeline.set_params(logisticregression__C=strength).fit(features, labels)
        search = GridSearchCV(
            pipeline,
            {"logisticregression__C": list(self.params.C)},
            cv=StratifiedKFold(folds, shuffle=True, random_state=seed % 2**32),
        )
        return search.fit(features, labels).best_estimator_
