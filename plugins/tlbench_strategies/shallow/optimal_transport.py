"""Optimal transport for domain adaptation (Courty, Flamary, Tuia and Rakotomamonjy, TPAMI 2017), by skada and POT.

Paper: https://arxiv.org/abs/1507.00504; the linear map: Flamary, Lounici and Ferrari 2019, https://arxiv.org/abs/1905.10155

A plan γ ≥ 0 moves the source's examples, of mass 1/n each, onto the target's, of mass 1/m, at the least cost
⟨γ, M⟩, with M_ij = ‖s_i − t_j‖². Each source example goes to the mean of where its mass goes, and a new one goes with
its nearest:

    emd       min_γ ⟨γ, M⟩
    sinkhorn  min_γ ⟨γ, M / median M⟩ + entropy · Σ γ_ij log γ_ij
    linear    x ↦ μ_T + (x − μ_S) T, the map between Gaussians with the means and covariances of the domains

Nearest neighbours are then sought among the moved source examples; target features stay as they are.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any

from pydantic import Field

from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByNeighbours, ComparesPairs


class _Transport(ByNeighbours):
    """Nearest neighbours among source examples that an adapter of skada has moved: give `adapter`."""

    paper = "https://arxiv.org/abs/1507.00504"
    modules = ("ot", "skada")

    @abstractmethod
    def adapter(self) -> Any:
        """Skada's, before its fit."""

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """The source is moved."""
        from tlbench_strategies.shallow.skada_adapter import source_mapped

        return source_mapped(self.adapter(), source, labels, target)


class ExactTransport(ComparesPairs, _Transport):
    """Nearest neighbours among source examples that are moved onto the target's at the least cost."""

    class Params(ComparesPairs.Params, ByNeighbours.Params):
        """See `ComparesPairs` and `ByNeighbours`."""

    def adapter(self) -> Any:
        """Network simplex."""
        from skada import OTMappingAdapter

        return OTMappingAdapter(max_iter=1_000_000)


class EntropicTransport(ComparesPairs, _Transport):
    """The same with a smoother plan, by Sinkhorn's iterations."""

    class Params(ComparesPairs.Params, ByNeighbours.Params):
        """`entropy`: weight of the plan's negative entropy, the median cost being 1."""

        entropy: Annotated[float, Field(gt=0)] = 0.05

    def adapter(self) -> Any:
        """Sinkhorn."""
        from skada import EntropicOTMappingAdapter

        return EntropicOTMappingAdapter(reg_e=self.params.entropy, norm="median", max_iter=1000)


class LinearTransport(_Transport):
    """Nearest neighbours among source examples that a linear map gives the target's mean and covariance."""

    paper = "https://arxiv.org/abs/1905.10155"

    class Params(ByNeighbours.Params):
        """`ridge`: what is added to the variances of both domains, in the units of squared scaled features."""

        ridge: Annotated[float, Field(gt=0)] = 1e-3

    def adapter(self) -> Any:
        """Monge's map of Gaussians."""
        from skada import LinearOTMappingAdapter

        return LinearOTMappingAdapter(reg=self.params.ridge)
