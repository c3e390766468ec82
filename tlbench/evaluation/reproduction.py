"""Whether a figure is reproduced: a difference to what has been published, beside what chance makes of both."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tlbench.evaluation.statistics import MIN_SEEDS, ROUNDING, Estimate, estimate

Outcome = Literal["reproduced", "higher", "lower", "inconclusive", "not comparable", "missing"]

#: The difference that is put down to chance, in combined standard errors.
WITHIN = 2.0
#: The widest half-width with which a figure within that difference is called reproduced: 1.5 points.
WIDEST = 0.015
#: Metrics that are shares of examples, so that the size of a test set says how much they scatter.
PROPORTIONS = frozenset({"accuracy", "clustering_accuracy"})


@dataclass(frozen=True)
class Comparison:
    """Ours − published, `margin` (two combined standard errors; None with too few seeds for any), and the verdict."""

    difference: float
    margin: float | None
    outcome: Outcome


def published_error(
    value: float, seeds: Sequence[float], *, plus_minus: float | None, half_unit: float, examples: int | None
) -> float:
    """The standard error of a published figure, in its own unit.

    It is `plus_minus` where one is printed. Where none is, the figure is taken for one run, which scatters as `seeds`,
    ours, do, on a test set of `examples`: √(sd² + p(1 − p)/n), without the second term where `examples` is None.
    `half_unit`, half a unit of the last printed digit, is added to either in quadrature.
    """
    binomial = max(0.0, value * (1 - value)) / examples if examples else 0.0
    return _error(seeds, plus_minus, half_unit, binomial)


def published_error_of_mean(
    seeds: Sequence[float],
    *,
    plus_minus: float | None,
    half_unit: float,
    accuracies: Sequence[float],
    examples: Sequence[int] | None,
) -> float:
    """The standard error of a published mean over N pairs, as `published_error` has that of one pair.

    `seeds` are ours, each the mean over the pairs. Figures of single pairs are not published, so that the second term
    is of our own accuracies by pair: Σ p(1 − p)/n / N², for test sets that are taken to be independent.
    """
    each = [max(0.0, p * (1 - p)) / n for p, n in zip(accuracies, examples, strict=True)] if examples else []
    return _error(seeds, plus_minus, half_unit, sum(each) / len(accuracies) ** 2)


def _error(seeds: Sequence[float], plus_minus: float | None, half_unit: float, binomial: float) -> float:
    if plus_minus is not None:
        return math.hypot(plus_minus, half_unit)
    return math.sqrt(_variance(seeds) + binomial + half_unit**2)


def error_of_mean(errors: Sequence[float]) -> float:
    """The standard error of the mean of independent figures: √(Σ se²) / N."""
    return math.hypot(*errors) / len(errors)


def compare(
    published: float, error: float, seeds: Sequence[float], *, deterministic: bool, widest: float = WIDEST
) -> Comparison:
    """Compare ours, at least one value a seed, with a published figure of a standard error.

    The combined standard error is √(sd²/n + `error`²). Beyond two of them ours is *higher* or *lower*. Within, it is
    *reproduced* where the half-width of our 95 % interval is at most `widest`, and *inconclusive* elsewhere, as it is
    with fewer than three seeds. A `deterministic` strategy needs no three seeds.
    """
    mean = statistics.fmean(seeds)
    difference = mean - published
    if len(seeds) < MIN_SEEDS and not deterministic:
        return Comparison(difference, None, "inconclusive")
    margin = WITHIN * math.hypot(math.sqrt(_variance(seeds) / len(seeds)), error)
    if abs(difference) > margin + ROUNDING:
        return Comparison(difference, margin, "higher" if difference > 0 else "lower")
    half_width = interval(seeds, deterministic=deterministic).half_width or 0.0
    return Comparison(difference, margin, "reproduced" if half_width <= widest + ROUNDING else "inconclusive")


def interval(seeds: Sequence[float], *, deterministic: bool) -> Estimate:
    """The mean over seeds with its interval, which is 0 however few seeds there are of what is `deterministic`."""
    return Estimate(statistics.fmean(seeds), 0.0, len(seeds)) if deterministic else estimate(seeds)


def _variance(seeds: Sequence[float]) -> float:
    """The sample variance; 0 where one value alone tells nothing of it."""
    return statistics.variance(seeds) if len(seeds) > 1 else 0.0
