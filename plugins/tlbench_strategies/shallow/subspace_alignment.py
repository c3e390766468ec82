"""Subspace alignment (Fernando, Habrard, Sebban and Tuytelaars, ICCV 2013), by skada.

Paper: https://openaccess.thecvf.com/content_iccv_2013/html/Fernando_Unsupervised_Visual_Domain_2013_ICCV_paper.html

With the first principal components P_S, P_T (d × components) of each domain, standardised by itself, source features
are moved along the matrix that aligns one basis with the other, and neighbours are sought there:

    source: x P_S (P_Sᵀ P_T),    target: x P_T
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tlbench_strategies.frozen_features.scaling import Scale
from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByNeighbours


class SubspaceAlignment(ByNeighbours):
    """Nearest neighbours in the principal subspaces of both domains, one turned onto the other."""

    paper = (
        "https://openaccess.thecvf.com/content_iccv_2013/html/Fernando_Unsupervised_Visual_Domain_2013_ICCV_paper.html"
    )
    modules = ("skada",)

    class Params(ByNeighbours.Params):
        """`components`: of each subspace, at most as many as there are features and examples."""

        scale: Scale = "standardise"
        components: Annotated[int, Field(ge=1)] = 80

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """Both sides are mapped."""
        from skada import SubspaceAlignmentAdapter

        from tlbench_strategies.shallow.skada_adapter import aligned

        components = min(self.params.components, *source.shape, *target.shape)
        return aligned(SubspaceAlignmentAdapter(components, random_state=0), source, labels, target)
