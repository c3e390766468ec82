"""Source examples that count as much as the target has of their kind: KMM and density ratios, by skada.

Papers: Huang, Smola, Gretton, Borgwardt and Schölkopf, NeurIPS 2006,
https://papers.nips.cc/paper/2006/hash/a2186aa7c086b46ad4e8bf81e2a3a19b-Abstract.html (KMM); Shimodaira 2000,
https://doi.org/10.1016/S0378-3758(00)00115-4 (density ratios), with kernel density estimates

Under covariate shift p_S(y|x) = p_T(y|x), and a classifier that weighs source examples by β(x) = p_T(x)/p_S(x) is
trained as on the target.

    kmm                   β = argmin ‖1/n Σ β_i φ(s_i) − 1/m Σ φ(t_j)‖² with 0 ≤ β ≤ bound and |mean β − 1| ≤ ε,
                          φ that of a Gaussian kernel exp(−gamma ‖a − b‖²), ε = (√n − 1)/√n
    density-reweighting   β(x) = p̂_T(x)/p̂_S(x), with mean 1, p̂ by Gaussian kernels of `bandwidth`

A note of the run says so where few examples are left with nearly all of the weight.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByLogisticRegression, ComparesPairs


class KernelMeanMatching(ComparesPairs, ByLogisticRegression):
    """Logistic regression with weights by which the source's mean in a kernel's space is the target's."""

    paper = "https://papers.nips.cc/paper/2006/hash/a2186aa7c086b46ad4e8bf81e2a3a19b-Abstract.html"
    modules = ("skada",)

    class Params(ComparesPairs.Params, ByLogisticRegression.Params):
        """`bound`: the largest weight; `gamma`: of the kernel, one over squared scaled features, None for 1/d."""

        bound: Annotated[float, Field(gt=0)] = 1000.0
        gamma: Annotated[float, Field(gt=0)] | None = None

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """Weights alone."""
        from skada import KMMReweightAdapter

        from tlbench_strategies.shallow.skada_adapter import weighted

        return weighted(KMMReweightAdapter(gamma=self.params.gamma, B=self.params.bound), source, labels, target)


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

        return weighted(DensityReweightAdapter(KernelDensity(bandwidth=self.params.bandwidth)), source, labels, target)
