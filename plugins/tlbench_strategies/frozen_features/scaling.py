"""Scaling of features by what the training features say, the same for every strategy on frozen features."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tlbench.core.saved_heads import Scaling

#: As they are; each feature to mean 0 and deviation 1; each example to Euclidean norm 1.
Scale = Literal["none", "standardise", "l2"]

#: Keeps a division by a deviation or a norm of 0 finite: a unit that is dead stays 0.
EPSILON = 1e-6


class Scaler(Scaling):
    """Scales features (n, d) as `scale` says, by the mean and the deviation of the features that it is made from."""

    def __init__(self, features: NDArray[np.float32], scale: Scale) -> None:
        shift = divide = None
        if scale == "standardise":
            shift = torch.from_numpy(features.mean(axis=0))
            divide = torch.from_numpy(features.std(axis=0)) + EPSILON
        super().__init__(scale, shift, divide, EPSILON)

    def of_array(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same of an array."""
        scaled: NDArray[np.float32] = self(torch.from_numpy(features)).numpy()
        return scaled
