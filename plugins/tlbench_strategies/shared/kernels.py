"""Gaussian kernels, and the maximum mean discrepancy that they measure (Gretton et al., JMLR 13, 2012).

    MMD² = E k(s, s′) + E k(t, t′) − 2 E k(s, t)

estimated without bias: no example is compared with itself, so that the estimate may be below 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

#: Bandwidths of the Deep Adaptation Network, as factors on the mean squared distance (Long et al. 2015, section 4.2,
#: with as many as the Transfer-Learning-Library has): 2⁻³ … 2¹.
FACTORS = tuple(2.0**power for power in range(-3, 2))
#: Where all examples are the same, their mean distance is 0, and this stands for it.
SMALLEST = 1e-12


def squared_distances(points: Tensor) -> Tensor:
    """‖x_i − x_j‖² for all pairs of points (n, d): (n, n)."""
    centred = points - points.detach().mean(0)  # small numbers lose fewer digits in what follows
    squares = centred.square().sum(1)
    return (squares.unsqueeze(0) + squares.unsqueeze(1) - 2 * centred @ centred.T).clamp_min(0)


def gaussian(distances: Tensor, variance: Tensor | float) -> Tensor:
    """exp(−distance / (2 variance)) of squared distances."""
    return torch.exp(-distances / (2 * variance))


def multiple_gaussians(points: Tensor, factors: Sequence[float] = FACTORS) -> Tensor:
    """The sum of Gaussian kernels (n, n) whose variances are factors on the mean squared distance of all pairs.

    The bandwidth is taken as it is: it carries no gradient.
    """
    distances = squared_distances(points)
    mean = distances.detach().mean().clamp_min(SMALLEST)
    return torch.stack([gaussian(distances, factor * mean) for factor in factors]).sum(0)


def mmd(kernel: Tensor, sources: int) -> Tensor:
    """MMD² without bias, from the kernel (n + m, n + m) of `sources` examples of one domain, then those of the other.

    One example alone has no other to be compared with, and 0 stands for what it would give.
    """
    among_source, among_target = kernel[:sources, :sources], kernel[sources:, sources:]
    return _others(among_source) + _others(among_target) - 2 * kernel[:sources, sources:].mean()


def _others(kernel: Tensor) -> Tensor:
    """The mean over all pairs of different examples."""
    count = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / max(count * (count - 1), 1)
