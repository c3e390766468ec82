"""Scaling of features by what the training features say, the same for every strategy on frozen features."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

#: As they are; each feature to mean 0 and deviation 1; each example to Euclidean norm 1.
Scale = Literal["none", "standardise", "l2"]

#: Keeps a division by a deviation or a norm of 0 finite: a unit that is dead stays 0.
EPSILON = 1e-6


class Scaler:
    """Scales features (n, d) as `scale` says, by the mean and the deviation of the features that it is made from."""

    def __init__(self, features: NDArray[np.float32], scale: Scale) -> None:
        self._scale = scale
        if scale == "standardise":
            self._mean = torch.from_numpy(features.mean(axis=0))
            self._deviation = torch.from_numpy(features.std(axis=0))

    def __call__(self, features: Tensor) -> Tensor:
        """Features (n, d), scaled, on the device that they are on."""
        if self._scale == "standardise":
            mean, deviation = (part.to(features.device) for part in (self._mean, self._deviation))
            return (features - mean) / (deviation + EPSILON)
        if self._scale == "l2":
            return functional.normalize(features, dim=1, eps=EPSILON)
        return features

    def of_array(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same of an array."""
        scaled: NDArray[np.float32] = self(torch.from_numpy(features)).numpy()
        return scaled
