"""How probable it is that a strategy hurts a pair that is yet to come, from the pairs at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlbench.evaluation.uncertainty import DifferenceTest, Floats

#: True differences are looked for at so many values between the least and the largest that was measured.
GRID = 61
#: Steps of the EM algorithm, and resamples of the pairs.
STEPS, RESAMPLES = 80, 400


@dataclass(frozen=True)
class HarmProbability:
    """The probability that a new pair of this kind is hurt by more than the region, with its 95 % interval."""

    mean: float
    low: float
    high: float
    pairs: int


def harm_probability(tests: Sequence[DifferenceTest | None], *, rope: float) -> HarmProbability | None:
    """How probable it is that the strategy hurts a new pair of this kind by more than `rope`.

    The distribution of true differences over pairs is estimated without assuming its shape (the nonparametric maximum
    likelihood of Kiefer & Wolfowitz, Annals of Mathematical Statistics 1956, by EM), each measured difference being
    that of its pair with an error of Student's t. The interval resamples the pairs (Rubin's Bayesian bootstrap, Annals
    of Statistics 1981) and adds the chance of so few draws (Jeffreys' prior). It takes pairs for a sample, and is too
    narrow where they share domains. None without a test.
    """
    found = [test for test in tests if test is not None]
    if not found:
        return None
    rng, pairs = np.random.default_rng(0), len(found)
    weights = np.vstack([np.ones(pairs), rng.dirichlet(np.ones(pairs), RESAMPLES) * pairs])
    above = _share_above(found, rope, weights)
    draws = rng.beta(above[1:] * pairs + 0.5, (1 - above[1:]) * pairs + 0.5)
    low, high = np.quantile(draws, [0.025, 0.975])
    mean = float(above[0])
    return HarmProbability(mean, min(mean, float(low)), max(mean, float(high)), pairs)


def _share_above(tests: Sequence[DifferenceTest], rope: float, weights: Floats) -> Floats:
    """For each row of weights of the pairs, the share of the distribution of true differences that is above `rope`."""
    from scipy.special import stdtr

    means = np.array([[test.mean] for test in tests])
    errors = np.array([[test.error] for test in tests])
    df = np.array([[test.df] for test in tests])
    grid = np.linspace(min(means.min(), -2 * rope), max(means.max(), 2 * rope), GRID)
    half = (grid[1] - grid[0]) / 2
    near = (means - grid) / errors
    # The probability of a cell of the grid, not the density at its middle: an error may be far smaller than a cell.
    likelihood = stdtr(df, near + half / errors) - stdtr(df, near - half / errors)
    likelihood /= likelihood.max(axis=1, keepdims=True)
    mixture = np.full((len(weights), GRID), 1 / GRID)
    for _ in range(STEPS):
        mixture *= (weights / (mixture @ likelihood.T)) @ likelihood / len(tests)
    above: Floats = np.clip(mixture[:, grid > rope].sum(axis=1), 0.0, 1.0)
    return above
