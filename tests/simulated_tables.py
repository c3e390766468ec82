"""Tables of known effects: correctness by seed and item of references and of methods, from a logistic model.

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
    """How large a simulated table is, and what varies: standard deviations in logits.

    `cells` are pairs, `strategies` share the reference of each pair. `unequal`: standard deviation of the logarithm of
    `seed` from cell to cell. `repeats`: every seed gives the result of the first, as of a deterministic method.
    """

    cells: int = 12
    strategies: int = 1
    seeds: int = 5
    items: int = 450
    level: float = 1.0
    item: float = 1.5
    own_item: float = 0.7
    seed: float = 0.2
    unequal: float = 0.0
    repeats: bool = False


def simulated_table(shape: Shape, effects: Floats, rng: np.random.Generator) -> list[Floats]:
    """Differences of errors, method − reference, of shape (seeds, items), a cell for each of `effects` in logits.

    `effects` have shape (cells,), or (cells, strategies) where strategies share a reference; cells come row by row.
    """
    table = effects[:, None] if effects.ndim == 1 else effects
    return [cell for row in table for cell in _cells(shape, row, rng)]


def true_difference(shape: Shape, effect: float) -> float:
    """The difference of errors over all items and seeds, by Gauss–Hermite quadrature of the logistic-normal mean."""
    spread = np.sqrt(shape.item**2 + shape.own_item**2 + shape.seed**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def right(level: float) -> float:
        return float((weights / (1 + np.exp(-(level + spread * nodes)))).sum() / weights.sum())

    return right(shape.level) - right(shape.level + effect)


def effect_of(shape: Shape, difference: float) -> float:
    """The effect in logits that has a true difference of errors."""
    from scipy.optimize import brentq

    return float(brentq(lambda effect: true_difference(shape, effect) - difference, -5, 5))


def _cells(shape: Shape, effects: Floats, rng: np.random.Generator) -> list[Floats]:
    """The cells of one pair: methods of these effects beside one reference."""
    items = shape.item * rng.standard_normal(shape.items)

    def correct(level: float) -> Floats:
        own = shape.own_item * rng.standard_normal(shape.items)
        spread = shape.seed * np.exp(shape.unequal * rng.standard_normal())
        seeds = spread * rng.standard_normal((1 if shape.repeats else shape.seeds, 1))
        chance = 1 / (1 + np.exp(-(level + items + own + seeds)))
        found = (rng.random(chance.shape) < chance).astype(np.float64)
        return np.repeat(found, shape.seeds, axis=0) if shape.repeats else found

    reference = correct(shape.level)
    return [reference - correct(shape.level + effect) for effect in effects]
