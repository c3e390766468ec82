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

#: Singular values below this share of the largest are 0.
SMALLEST = 1e-6
#: Of a matrix so many times as large as directions are asked for, these alone are computed, by Lanczos' method.
FEW = 10


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
    """A (d, at most components), the most variance first, of features (n, d) and the differences to make small.

    With B = D + λI, whose root is known as D has few dimensions, they are B^(−1/2) times the right singular vectors of
    the centred features times B^(−1/2).
    """
    means = np.stack([each.mean for each in differences])
    gram = np.stack([each.coefficients for each in differences])
    norm = np.linalg.norm(gram @ gram.T)  # that of Σ e eᵀ
    _, lengths, axes = np.linalg.svd(means / np.sqrt(norm), full_matrices=False)
    shrink = 1 - np.sqrt(regularisation / (regularisation + lengths**2))

    def by_root(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows times (λB⁻¹)^(1/2)."""
        shrunk: NDArray[np.float64] = rows - (rows @ axes.T * shrink) @ axes
        return shrunk

    directions = by_root(main_directions(by_root(both - both.mean(0)), components))
    found: NDArray[np.float64] = directions.T / np.linalg.norm(directions, axis=1)
    return found


def main_directions(rows: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """At most so many right singular vectors of rows (n, d), those of the largest values first; none of value 0."""
    if FEW * most < min(rows.shape):
        from scipy.sparse.linalg import svds

        _, values, vectors = svds(rows, most, v0=np.ones(min(rows.shape)))
        order = np.argsort(-values)
        values, vectors = values[order], vectors[order]
    else:
        _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    found: NDArray[np.float64] = vectors[:most][values[:most] > SMALLEST * values[0]]
    return found


def on_unit_sphere(projection: NDArray[np.float64]) -> Map:
    """Rows x A of norm 1."""

    def project(features: Features) -> Features:
        projected = features.astype(np.float64) @ projection
        lengths: Features = np.linalg.norm(projected, axis=1, keepdims=True)
        return projected / np.maximum(lengths, np.finfo(np.float64).tiny)

    return project
