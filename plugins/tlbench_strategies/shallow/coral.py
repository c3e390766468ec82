"""CORAL, correlation alignment (Sun, Feng and Saenko, AAAI 2016, "Return of frustratingly easy domain adaptation").

Paper: https://arxiv.org/abs/1511.05547

Source features are whitened and then coloured with the target's covariance; a linear SVM is trained on them and applied
to the target features as they are:

    g(x) = x (C_S + ridge · I)^(−1/2) (C_T + ridge · I)^(1/2)

The paper standardises features first and has ridge = 1. Libraries that shrink the covariances in place of adding I have
other numbers.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tlbench_strategies.frozen_features.scaling import Scale
from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByLinearSVM


class Coral(ByLinearSVM):
    """A linear SVM on source features with the target's covariance."""

    paper = "https://arxiv.org/abs/1511.05547"

    class Params(ByLinearSVM.Params):
        """`ridge`: what is added to the variances of both domains, in the units of squared scaled features."""

        scale: Scale = "standardise"
        ridge: Annotated[float, Field(gt=0)] = 1.0

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """G on the source."""
        whiten, colour = (
            power_of_covariance(features, exponent, self.params.ridge)
            for features, exponent in ((source, -0.5), (target, 0.5))
        )
        matrix = whiten @ colour
        return Alignment(lambda features: features @ matrix)


def power_of_covariance(features: Features, exponent: float, ridge: float) -> NDArray[np.float64]:
    """(C + ridge · I)^exponent of features (n, d)."""
    covariance = np.cov(features.astype(np.float64), rowvar=False).reshape(features.shape[1], -1)
    values, vectors = np.linalg.eigh(covariance + ridge * np.eye(len(covariance)))
    found: NDArray[np.float64] = vectors * values**exponent @ vectors.T
    return found
