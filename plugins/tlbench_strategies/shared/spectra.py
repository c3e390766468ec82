"""Singular values of a batch: of its features, or of its predictions.

Only values are taken, never vectors, so that gradients stay finite where singular values meet.
"""

from __future__ import annotations

import torch
from torch import Tensor


def nuclear_norm(matrix: Tensor) -> Tensor:
    """The sum of the singular values of a matrix (n, d), a scalar.

    For predictions (n, classes) it is at most √(n · min(n, classes)), which balanced and sure ones reach.
    """
    values: Tensor = torch.linalg.svdvals(matrix)
    return values.sum()


def spectral_norm(matrix: Tensor) -> Tensor:
    """The largest singular value of a matrix (n, d), a scalar."""
    values: Tensor = torch.linalg.svdvals(matrix)
    return values[0]
