"""Linear discriminant analysis with a shrunken covariance on frozen features.

Paper: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
Multivariate Analysis 88, 2004, https://doi.org/10.1016/S0047-259X(03)00096-4

With fewer examples than features the covariance of the classes cannot be inverted. Theirs is a mean of it and of a
multiple of the identity, whose weight follows from the data, so that nothing is left to choose.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import tlbench


class ShrunkenLDA(tlbench.FeatureStrategy):
    """A scikit-learn classifier on the features of the source model, or of the backbone where there is no source."""

    settings: ClassVar[set[str]] = {"transductive", "inductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train", "inductive": "target shots"}
    paper = "https://doi.org/10.1016/S0047-259X(03)00096-4"
    deterministic = True

    def fit_features(self, features: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> object:
        """The classifier, fitted on features (n, d) and labels (n,); it draws nothing."""
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(features.astype(np.float64), labels)
