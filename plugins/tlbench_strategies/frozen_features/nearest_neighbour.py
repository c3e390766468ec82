"""Nearest neighbours (Cover and Hart 1967) by Euclidean distance on the features of a backbone as it is initialised.

Paper: https://doi.org/10.1109/TIT.1967.1053964

    p_y(x) = 1/k · |{i among the k nearest of x : y_i = y}|,    logit_y(x) = log max(p_y(x), 10⁻¹²)

The search is exhaustive: no neighbour is approximate. With `scale = "l2"` the order is that of cosine similarity. Where
examples lie equally far, scikit-learn decides by their order in the training data; of classes with equally many votes
the first is predicted.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tlbench import DataError
from tlbench_strategies.frozen_features.initial_features import InitialFeatures


class NearestNeighbour(InitialFeatures):
    """The majority of the k nearest training examples; with k = 1 the class of the nearest."""

    paper = "https://doi.org/10.1109/TIT.1967.1053964"

    class Params(InitialFeatures.Params):
        """`k`: neighbours that vote."""

        k: Annotated[int, Field(ge=1)] = 1

    def classifier(self, examples: int) -> Any:
        """By comparison with all examples. Raises `DataError` where there are fewer than k."""
        from sklearn.neighbors import KNeighborsClassifier

        if examples < self.params.k:
            raise DataError(f"k = {self.params.k} neighbours cannot be found among {examples} training examples")
        return KNeighborsClassifier(self.params.k, algorithm="brute")
