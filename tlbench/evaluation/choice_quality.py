"""How good a choice among trained models was, once the test scores of all of them are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tlbench.evaluation.statistics import MIN_SEEDS, percentile_interval, resamples_of


@dataclass(frozen=True)
class ChoiceQuality:
    """What a validator's choice lost to the best candidate and won over the mean of all, in the unit of the score.

    `possible` is the best candidate minus the mean of all. `correlation` is Spearman's, between what the validator says
    and the score, None where either says the same of all; `tied`: more than one candidate was rated best.
    """

    regret: float
    gain: float
    possible: float
    correlation: float | None
    tied: bool


@dataclass(frozen=True)
class MeanEstimate:
    """A mean over cells with its 95 % bootstrap interval, None with fewer than three."""

    mean: float
    low: float | None
    high: float | None


def choice_quality(ratings: Sequence[float | None], scores: Sequence[float], chosen: int) -> ChoiceQuality:
    """Judge the choice of the candidate at position `chosen`.

    `ratings` are what a validator says of each candidate, larger is better, −∞ for one that it shuts out and None for
    one that it cannot rate; `scores` are test scores of all, larger is better. A candidate without a rating counts
    among those that could have been chosen, and not in the correlation.
    """
    best = max(rating for rating in ratings if rating is not None)
    rated = [(rating, score) for rating, score in zip(ratings, scores, strict=True) if rating is not None]
    mean = float(np.mean(scores))
    return ChoiceQuality(
        regret=max(scores) - scores[chosen],
        gain=scores[chosen] - mean,
        possible=max(scores) - mean,
        correlation=spearman(*zip(*rated, strict=True)),
        tied=sum(rating == best for rating, _ in rated) > 1,
    )


def spearman(a: ArrayLike, b: ArrayLike) -> float | None:
    """Spearman's rank correlation, ties sharing the mean of their ranks; None where either side does not vary.

    Values may be −∞, which ranks last. Spearman, American Journal of Psychology 1904, https://doi.org/10.2307/1412159
    """
    first, second = _ranks(np.asarray(a, dtype=np.float64)), _ranks(np.asarray(b, dtype=np.float64))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def mean_over_cells(values: Sequence[float], *, resamples: int = 10_000, seed: int = 0) -> MeanEstimate:
    """The mean of cells' values; the interval resamples cells, each of which carries the noise of its own seeds.

    Raises `ValueError` where there is none.
    """
    cells = np.asarray(values, dtype=np.float64)
    if not len(cells):
        raise ValueError("a mean of no cells is not taken")
    if len(cells) < MIN_SEEDS:
        return MeanEstimate(float(cells.mean()), None, None)
    means = cells[resamples_of(len(cells), resamples, seed)].mean(axis=1)
    return MeanEstimate(float(cells.mean()), *percentile_interval(means, len(cells)))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, the smallest first. scipy.stats has them too, and takes a second to import."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
