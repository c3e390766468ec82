"""Source examples that count as much as the target has of their kind: kernel mean matching, and density ratios.

Papers: Huang, Smola, Gretton, Borgwardt and Schölkopf, NeurIPS 2006 (KMM),
https://papers.nips.cc/paper/2006/hash/a2186aa7c086b46ad4e8bf81e2a3a19b-Abstract.html; Shimodaira 2000 (ratios of
densities), https://doi.org/10.1016/S0378-3758(00)00115-4

Under covariate shift p_S(y|x) = p_T(y|x), and a classifier that weighs source examples by β(x) = p_T(x)/p_S(x) is
trained as on the target.

    kmm                   β = argmin ‖1/n Σ β_i φ(s_i) − 1/m Σ φ(t_j)‖² with 0 ≤ β ≤ bound and |mean β − 1| ≤ ε,
                          φ that of a Gaussian kernel exp(−gamma ‖a − b‖²), ε = (√n − 1)/√n
    density-reweighting   β(x) = p̂_T(x)/p̂_S(x), with mean 1, p̂ by Gaussian kernels of `bandwidth`; by skada

KMM is solved here, for skada's solver leaves the bound out. A note of the run says so where few examples are left with
nearly all of the weight.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByLogisticRegression, ComparesPairs

#: Steps of the projected gradient, and of the bisection within each.
STEPS, HALVINGS = 500, 60


class KernelMeanMatching(ComparesPairs, ByLogisticRegression):
    """Logistic regression with weights by which the source's mean in a kernel's space is the target's."""

    paper = "https://papers.nips.cc/paper/2006/hash/a2186aa7c086b46ad4e8bf81e2a3a19b-Abstract.html"

    class Params(ComparesPairs.Params, ByLogisticRegression.Params):
        """`bound`: the largest weight; `gamma`: of the kernel, one over squared scaled features, None for 1/d."""

        bound: Annotated[float, Field(ge=1)] = 1000.0
        gamma: Annotated[float, Field(gt=0)] | None = None

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """Weights alone."""
        from sklearn.metrics.pairwise import rbf_kernel

        kernel = rbf_kernel(source.astype(np.float64), gamma=self.params.gamma)
        means = rbf_kernel(source.astype(np.float64), target.astype(np.float64), gamma=self.params.gamma).mean(1)
        return Alignment(weights=matched_means(kernel, means, self.params.bound))


class DensityReweighting(ComparesPairs, ByLogisticRegression):
    """Logistic regression with weights by the ratio of two kernel density estimates."""

    paper = "https://doi.org/10.1016/S0378-3758(00)00115-4"
    modules = ("skada",)

    class Params(ComparesPairs.Params, ByLogisticRegression.Params):
        """`bandwidth`: of both estimates, in the units of the scaled features."""

        bandwidth: Annotated[float, Field(gt=0)] = 1.0

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """Weights alone."""
        from skada import DensityReweightAdapter
        from sklearn.neighbors import KernelDensity

        from tlbench_strategies.shallow.skada_adapter import weighted

        density = KernelDensity(bandwidth=self.params.bandwidth)
        return weighted(DensityReweightAdapter(density), source, labels, target)


def matched_means(kernel: NDArray[np.float64], means: NDArray[np.float64], bound: float) -> NDArray[np.float64]:
    """β (n,) from the source's kernel (n, n) and each source example's mean kernel with the target (n,).

    By accelerated projected gradient (Beck and Teboulle 2009) from β = 1, which is returned where nothing is better.
    """
    count = len(kernel)
    slack = (np.sqrt(count) - 1) / np.sqrt(count)
    step = 1 / np.linalg.norm(kernel, 2) if count <= 1000 else 1 / kernel.sum(1).max()  # the latter is a bound
    beta = ahead = np.ones(count)
    for number in range(1, STEPS + 1):
        new = into_limits(
            ahead - step * (kernel @ ahead - count * means), bound, count * (1 - slack), count * (1 + slack)
        )
        ahead = new + (number - 1) / (number + 2) * (new - beta)
        beta = new
    found: NDArray[np.float64] = beta
    return found


def into_limits(values: NDArray[np.float64], bound: float, least: float, most: float) -> NDArray[np.float64]:
    """The nearest values in [0, bound] (n,) whose sum is in [least, most]: shifted alike, by bisection, and cut off."""
    found = np.clip(values, 0, bound)
    if least <= found.sum() <= most:
        return found
    wanted = least if found.sum() < least else most
    low, high = values.min() - bound, values.max()  # with a shift by −low all are at the bound, by −high all are 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = np.clip(values - middle, 0, bound)
        low, high = (middle, high) if found.sum() > wanted else (low, middle)
    return found
