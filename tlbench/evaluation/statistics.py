"""Uncertainty over seeds: intervals, paired tests, corrections for many cells, ratios; and tests on the same items.

Plain numbers in, plain floats out. SciPy and statsmodels are imported where they are called, so that
importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
#: With fewer seeds no interval is shown.
MIN_SEEDS = 3
#: McNemar's test is exact below this number of items on which the two disagree.
EXACT_BELOW = 25
#: Differences of this size are rounding: measures are of order 1.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` seeds; the 95 % interval is `mean` ± `half_width`.

    That is None with fewer than three seeds, and where all have the same result to the last bit: then one measurement
    was copied, say of a nearest neighbour by pretrained features, and ± 0 would pass for certainty.
    """

    mean: float
    half_width: float | None
    n: int

    @property
    def same_for_every_seed(self) -> bool:
        """Whether there are seeds enough for an interval, but nothing that varies over them."""
        return self.half_width is None and self.n >= MIN_SEEDS

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two ends of the interval."""
        return None if self.half_width is None else (self.mean - self.half_width, self.mean + self.half_width)


@dataclass(frozen=True)
class PairedTest(Estimate):
    """An `Estimate` of a mean paired difference with the two-sided p-value of its being 0."""

    p_value: float | None


@dataclass(frozen=True)
class RatioEstimate:
    """A ratio of means with its 95 % bootstrap interval, and the three means that it is made of.

    `ratio`, `low` and `high` are None where the denominator cannot be told from 0.
    """

    ratio: float | None
    low: float | None
    high: float | None
    accuracy: float
    source_only: float
    oracle: float
    n: int


@dataclass(frozen=True)
class McNemarTest:
    """McNemar's test; `only_a` and `only_b` count the items that only the one or the other has right."""

    only_a: int
    only_b: int
    p_value: float
    exact: bool


def estimate(values: ArrayLike) -> Estimate:
    """Mean over seeds with its 95 % interval by Student's t.

    `values` have shape (seeds,). Raises `ValueError` where there are none or one is not finite.
    """
    sample = _sample(values)
    if _without_interval(sample):
        return Estimate(float(sample.mean()), None, len(sample))
    return Estimate(float(sample.mean()), t_quantile(len(sample)) * _standard_error(sample), len(sample))


def paired_difference(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Mean of `a − b`, paired by position, with its t interval and the p-value of the paired t test.

    Both have shape (seeds,). Where all differences are equal up to rounding, t is 0/0 or infinite: then p is 1 if they
    are 0, and 0, with a half-width of 0, if they are not. With fewer than three seeds half-width and p are None, and so
    they are where neither `a` nor `b` varies: seeds that repeat one result are no sample.
    Raises `ValueError` where shapes differ, nothing is given, or a value is not finite.
    """
    first, second = _sample(a), _sample(b)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} values cannot be paired")
    difference, n = first - second, len(first)
    mean = float(difference.mean())
    if _without_interval(first) and _without_interval(second):
        return PairedTest(mean, None, n, None)
    rounding = ROUNDING * max(1.0, float(np.abs([first, second]).max()))
    if np.ptp(difference) <= rounding:
        return PairedTest(mean, 0.0, n, 1.0 if abs(mean) <= rounding else 0.0)
    error = _standard_error(difference)
    return PairedTest(mean, t_quantile(n) * error, n, _t_p_value(mean / error, n))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values; None, a test that could not be made, stays None and is not counted.

    The smallest of m is multiplied by m, the next by m − 1, …; none falls below one before it, nor rises above 1. It is
    not left to statsmodels, which collects garbage at every call: a tenth of a second, most of the time of a page.
    Holm, Scandinavian Journal of Statistics 1979, https://www.jstor.org/stable/4615733
    """
    made = np.array([p for p in p_values if p is not None])
    order = np.argsort(made, kind="stable")
    adjusted = np.empty(len(made))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(made[order] * np.arange(len(made), 0, -1)))
    found = iter(adjusted.tolist())
    return [None if p is None else float(next(found)) for p in p_values]


def bootstrap_ratio(
    accuracy: ArrayLike, source_only: ArrayLike, oracle: ArrayLike, *, resamples: int = 10_000, seed: int = 0
) -> RatioEstimate:
    """Share of the gap closed: (mean accuracy − mean source-only) / (mean oracle − mean source-only).

    All three have shape (seeds,), paired by position. The interval is a percentile bootstrap that resamples seeds,
    the same for all three. There is no ratio unless the paired t interval of oracle − source-only lies above 0: a gap
    that is not there, is negative, or is known from fewer than three seeds has no share.
    Raises `ValueError` as `paired_difference` does.
    Ganin et al., JMLR 2016, https://jmlr.org/papers/v17/15-239.html
    """
    gap = paired_difference(oracle, source_only)
    gain = paired_difference(accuracy, source_only)
    ours, lower, upper = _sample(accuracy), _sample(source_only), _sample(oracle)
    means = (float(ours.mean()), float(lower.mean()), float(upper.mean()), gap.n)
    if gap.interval is None or gap.interval[0] <= 0:
        return RatioEstimate(None, None, None, *means)
    draws = resamples_of(gap.n, resamples, seed)
    resampled = _ratios((ours - lower)[draws].mean(axis=1), (upper - lower)[draws].mean(axis=1))
    low, high = percentile_interval(resampled, gap.n)
    return RatioEstimate(gain.mean / gap.mean, low, high, *means)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemarTest:
    """Whether two models of one seed are right equally often on the same test items (statsmodels).

    Both are booleans of shape (items,). Exact below 25 items on which they disagree, else χ² with continuity
    correction. Never pool seeds: their items are the same ones. Raises `ValueError` where shapes differ.
    McNemar, Psychometrika 1947, https://doi.org/10.1007/BF02295996
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} are not of the same items")
    from statsmodels.stats.contingency_tables import mcnemar as test

    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    exact = only_a + only_b < EXACT_BELOW
    table = [[int((a & b).sum()), only_a], [only_b, int((~a & ~b).sum())]]
    return McNemarTest(only_a, only_b, float(test(table, exact=exact).pvalue), exact)


def _sample(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"shape {sample.shape} is not (seeds,) with at least one seed")
    if not np.isfinite(sample).all():
        raise ValueError(f"not finite: {sample.tolist()}; a run without a score has no place in a mean")
    return sample


def _without_interval(sample: Floats) -> bool:
    """Whether there are too few seeds, or all have the same result to the last bit."""
    return len(sample) < MIN_SEEDS or bool((sample == sample[0]).all())


def _standard_error(sample: Floats) -> float:
    return float(sample.std(ddof=1) / np.sqrt(len(sample)))


# scipy.special has the distributions as plain functions and loads in a third of the time of scipy.stats.


def t_quantile(n: int) -> float:
    """The two-sided 95 % quantile of Student's t for the mean of `n` values."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def _t_p_value(t: float, n: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(t)))


def resamples_of(n: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Positions drawn with replacement, of shape (resamples, n); a fixed seed, so that a table is made twice alike."""
    return np.random.default_rng(seed).integers(n, size=(resamples, n))


def _ratios(top: Floats, bottom: Floats) -> Floats:
    """`top / bottom`; infinite where a resample lost the gap, as the limit of an ever smaller one."""
    ratios = np.copysign(np.inf, top)
    return np.divide(top, bottom, out=ratios, where=bottom > 0)


def percentile_interval(resampled: Floats, n: int) -> tuple[float, float]:
    """Take the 95 % percentile interval of `resampled` means of `n` values, expanded for small `n`.

    Percentiles as they are make an interval that is too narrow by √((n − 1) / n) and by the normal in place of
    Student's t: with five seeds it covers in about 85 % of cases. They are moved outwards by just that
    (Hesterberg, American Statistician 2015, https://arxiv.org/abs/1411.5279).
    """
    from scipy.special import ndtr

    tail = float(ndtr(-t_quantile(n) * np.sqrt(n / (n - 1))))
    # Without interpolation, which between a number and infinity is not a number.
    low, high = np.quantile(resampled, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
