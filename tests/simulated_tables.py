"""Tables of known effects: correctness by seed and item of a reference and of methods, from a logistic model.

    logit P(right) = level + item[i] + own_item[m, i] + seed[m, s]     (+ effect[m] for a method)

Items and seeds are random, so that a method whose effect is 0 differs from the reference by chance alone, on these
items and with these seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlbench.evaluation.uncertainty import Floats


@dataclass(frozen=True)
class Shape:
    """How large a simulated table is, and what varies: standard deviations in logits."""

    cells: int = 12
    seeds: int = 5
    items: int = 450
    level: float = 1.0
    item: float = 1.5
    own_item: float = 0.7
    seed: float = 0.2


def simulated_table(shape: Shape, effects: Floats, rng: np.random.Generator) -> list[Floats]:
    """Differences of errors, method − reference, of shape (seeds, items), a cell for each of `effects` in logits."""
    return [_cell(shape, effect, rng) for effect in effects]


def true_difference(shape: Shape, effect: float) -> float:
    """The difference of errors over all items and seeds, by Gauss–Hermite quadrature of the logistic-normal mean."""
    spread = np.sqrt(shape.item**2 + shape.own_item**2 + shape.seed**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def right(level: float) -> float:
        return float((weights / (1 + np.exp(-(level + spread * nodes)))).sum() / weights.sum())

    return right(shape.level) - right(shape.level + effect)


def _cell(shape: Shape, effect: float, rng: np.random.Generator) -> Floats:
    items = shape.item * rng.standard_normal(shape.items)

    def correct(level: float) -> Floats:
        own = shape.own_item * rng.standard_normal(shape.items)
        seeds = shape.seed * rng.standard_normal((shape.seeds, 1))
        chance = 1 / (1 + np.exp(-(level + items + own + seeds)))
        return (rng.random((shape.seeds, shape.items)) < chance).astype(np.float64)

    return correct(shape.level) - correct(shape.level + effect)
