"""TCA and JDA: a projection in which the domains, and their classes, have means that are alike.

Papers: Pan, Tsang, Kwok and Yang 2011 (TCA), https://doi.org/10.1109/TNN.2010.2091281; Long, Wang, Ding, Sun and Yu,
ICCV 2013 (JDA),
https://openaccess.thecvf.com/content_iccv_2013/html/Long_Transfer_Feature_Learning_2013_ICCV_paper.html

With features of both domains as rows of X, the centring matrix H, and δ_0 the difference of the domains' means, the
directions a of the projection have much variance and little distance of the means: they are the largest solutions of

    Xᵀ H X a = η (D + λ I) a

where TCA with a linear kernel has D ∝ δ_0 δ_0ᵀ and JDA D ∝ C δ_0 δ_0ᵀ + Σ_c δ_c δ_cᵀ. Differences δ_c of the means of
class c need labels of the target: those that nearest neighbours predict in the projection before, `iterations` times.

As in the code of JDA's authors, D is divided by the Frobenius norm of its MMD matrix, the first term counts as often as
there are classes C, and projected examples have norm 1. Directions have norm 1: scaled to a variance of 1, as the
papers write the constraint, the many with little of it would drown the others for nearest neighbours.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tlbench_strategies.frozen_features.scaling import Scale
from tlbench_strategies.shallow.alignment import Alignment, Features, Labels, Map
from tlbench_strategies.shallow.bases import ByNeighbours

#: Directions whose variance is below this share of the largest are none.
SMALLEST = 1e-10


class TransferComponents(ByNeighbours):
    """Nearest neighbours in a projection in which both domains have the same mean."""

    paper = "https://doi.org/10.1109/TNN.2010.2091281"

    class Params(ByNeighbours.Params):
        """`components`: of the projection; `regularisation`: λ."""

        scale: Scale = "l2"
        components: Annotated[int, Field(ge=1)] = 100
        regularisation: Annotated[float, Field(gt=0)] = 1.0

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """One projection for both sides."""
        return self.in_projection(source, target, [marginal(source, target)])

    def in_projection(self, source: Features, target: Features, differences: list[Difference]) -> Alignment:
        """The alignment that makes differences small."""
        both = np.concatenate([source, target]).astype(np.float64)
        project = on_unit_sphere(projection(both, differences, self.params.components, self.params.regularisation))
        return Alignment(project, project)


class JointDistributions(TransferComponents):
    """TCA in which classes have the same means as well, by labels that the target gets on the way."""

    paper = "https://openaccess.thecvf.com/content_iccv_2013/html/Long_Transfer_Feature_Learning_2013_ICCV_paper.html"

    class Params(TransferComponents.Params):
        """`iterations`: projections one after the other, of which the first is TCA's."""

        iterations: Annotated[int, Field(ge=1)] = 10

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """The last of the projections."""
        alignment = super().align(source, labels, target)
        for _ in range(self.params.iterations - 1):
            neighbours = self.classifier(len(source)).fit(alignment.source(source), labels)
            pseudo = neighbours.predict(alignment.target(target))
            alignment = self.in_projection(source, target, joint(source, labels, target, pseudo))
        return alignment


class Difference:
    """A difference of means between some source and some target examples: δ (d,), and e (n + m,) with δ = Xᵀe."""

    def __init__(
        self, source: Features, in_source: NDArray[np.bool_], target: Features, in_target: NDArray[np.bool_]
    ) -> None:
        self.mean = source[in_source].mean(0, dtype=np.float64) - target[in_target].mean(0, dtype=np.float64)
        self.coefficients = np.concatenate([in_source / in_source.sum(), -(in_target / in_target.sum())])


def marginal(source: Features, target: Features) -> Difference:
    """Of the domains."""
    return Difference(source, np.ones(len(source), bool), target, np.ones(len(target), bool))


def joint(source: Features, labels: Labels, target: Features, pseudo: Labels) -> list[Difference]:
    """Of the domains, as often as there are classes, and of each class that both have."""
    classes = np.unique(labels)
    shared = [c for c in classes if (pseudo == c).any()]
    of_classes = [Difference(source, labels == c, target, pseudo == c) for c in shared]
    return [marginal(source, target)] * len(classes) + of_classes


def projection(
    both: NDArray[np.float64], differences: list[Difference], components: int, regularisation: float
) -> NDArray[np.float64]:
    """A (d, at most components), the most variance first, of features (n, d) and the differences to make small."""
    from scipy.linalg import eigh

    means = np.stack([each.mean for each in differences])
    gram = np.stack([each.coefficients for each in differences])
    norm = np.linalg.norm(gram @ gram.T)  # that of Σ e eᵀ
    constraint = means.T @ means / norm + regularisation * np.eye(both.shape[1])
    centred = both - both.mean(0)
    count = min(components, both.shape[1])
    variance = centred.T @ centred
    values, vectors = eigh(variance, constraint, subset_by_index=[both.shape[1] - count, both.shape[1] - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    there = vectors[:, values > SMALLEST * values[0]]
    found: NDArray[np.float64] = there / np.linalg.norm(there, axis=0)
    return found


def on_unit_sphere(projection: NDArray[np.float64]) -> Map:
    """Rows x A of norm 1."""

    def project(features: Features) -> Features:
        projected = features.astype(np.float64) @ projection
        lengths: Features = np.linalg.norm(projected, axis=1, keepdims=True)
        return projected / np.maximum(lengths, np.finfo(np.float64).tiny)

    return project
