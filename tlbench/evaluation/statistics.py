"""Uncertainty: intervals over seeds, paired tests, corrections for many cells, ranks over pairs.

Plain numbers in, plain floats out. SciPy, statsmodels and scikit-posthocs are imported where they are called, so that
importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Verdict = Literal["helps", "hurts", "undecided"]

CONFIDENCE = 0.95
#: With fewer seeds no interval is shown.
MIN_SEEDS = 3
#: With fewer pairs ranks are shown without tests (Demšar, JMLR 2006, https://jmlr.org/papers/v7/demsar06a.html).
MIN_PAIRS = 10
#: McNemar's test is exact below this number of items on which the two disagree.
EXACT_BELOW = 25
#: Differences of this size are rounding: measures are of order 1.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` seeds; the 95 % interval is `mean` ± `half_width`, None with fewer than three seeds."""

    mean: float
    half_width: float | None
    n: int

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
class RankEstimate:
    """An average rank over pairs (1 is best) with its 95 % bootstrap interval, None with fewer than three pairs."""

    rank: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class FriedmanTest:
    """Friedman's χ² statistic and its p-value."""

    statistic: float
    p_value: float


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
    half_width = None if len(sample) < MIN_SEEDS else _t_quantile(len(sample)) * _standard_error(sample)
    return Estimate(float(sample.mean()), half_width, len(sample))


def paired_difference(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Mean of `a − b`, paired by position, with its t interval and the p-value of the paired t test.

    Both have shape (seeds,). Where all differences are equal up to rounding, t is 0/0 or infinite: then p is 1 if they
    are 0, and 0, with a half-width of 0, if they are not. With fewer than three seeds half-width and p are None.
    Raises `ValueError` where shapes differ, nothing is given, or a value is not finite.
    """
    first, second = _sample(a), _sample(b)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} values cannot be paired")
    difference, n = first - second, len(first)
    mean = float(difference.mean())
    if n < MIN_SEEDS:
        return PairedTest(mean, None, n, None)
    rounding = ROUNDING * max(1.0, float(np.abs([first, second]).max()))
    if np.ptp(difference) <= rounding:
        return PairedTest(mean, 0.0, n, 1.0 if abs(mean) <= rounding else 0.0)
    error = _standard_error(difference)
    return PairedTest(mean, _t_quantile(n) * error, n, _t_p_value(mean / error, n))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values by statsmodels; None, a test that could not be made, stays None and is not counted.

    Holm, Scandinavian Journal of Statistics 1979, https://www.jstor.org/stable/4615733
    """
    made = [p for p in p_values if p is not None]
    if not made:
        return list(p_values)
    from statsmodels.stats.multitest import multipletests

    adjusted = iter(multipletests(made, method="holm")[1].tolist())
    return [None if p is None else float(next(adjusted)) for p in p_values]


def verdicts(differences: Sequence[PairedTest | None], alpha: float = 0.05) -> list[Verdict]:
    """Say what transfer did in each cell of a table, from paired differences of errors (positive: it hurt).

    The p-values are Holm-corrected over all cells given, so the chance that any cell without an effect is called
    *helps* or *hurts* is at most `alpha`. A cell without a test (None, or fewer than three seeds) is *undecided*.
    """
    adjusted = holm([None if cell is None else cell.p_value for cell in differences])
    return [_verdict(cell, p, alpha) for cell, p in zip(differences, adjusted, strict=True)]


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
    draws = _draws(gap.n, resamples, seed)
    resampled = _ratios((ours - lower)[draws].mean(axis=1), (upper - lower)[draws].mean(axis=1))
    low, high = _percentile_interval(resampled, gap.n)
    return RatioEstimate(gain.mean / gap.mean, low, high, *means)


def average_ranks(scores: ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> list[RankEstimate]:
    """Average rank of each strategy over pairs; rank 1 has the largest score, ties share the mean of their ranks.

    `scores` (array or frame) have shape (strategies, pairs) or (strategies, pairs, seeds), larger is better; seeds are
    averaged before ranking. The bootstrap resamples pairs, the same for all strategies, and not seeds: pairs are what
    the average is over, and each pair's rank carries the noise of its own seeds already, so to resample these too
    would count it twice. Raises `ValueError` where a score is missing: a mean over pairs with a hole is not taken.
    """
    ranks = _ranks(_table(scores))
    pairs = ranks.shape[1]
    if pairs < MIN_SEEDS:
        return [RankEstimate(float(rank), None, None) for rank in ranks.mean(axis=1)]
    draws = _draws(pairs, resamples, seed)
    return [RankEstimate(float(row.mean()), *_percentile_interval(row[draws].mean(axis=1), pairs)) for row in ranks]


def friedman(scores: ArrayLike) -> FriedmanTest | None:
    """Whether any of at least three strategies ranks differently over at least ten pairs (SciPy); else None.

    `scores` as in `average_ranks`. Strategies that tie everywhere have statistic 0 and p = 1.
    Friedman, JASA 1937, https://doi.org/10.1080/01621459.1937.10503522
    """
    table = _table(scores)
    if len(table) < 3 or table.shape[1] < MIN_PAIRS:
        return None
    if (table == table[0]).all():
        return FriedmanTest(0.0, 1.0)
    from scipy.stats import friedmanchisquare

    result = friedmanchisquare(*table)
    return FriedmanTest(float(result.statistic), float(result.pvalue))


def wilcoxon_holm(scores: ArrayLike) -> dict[tuple[int, int], float] | None:
    """Holm-corrected p-values of Wilcoxon's signed-rank test (SciPy) for each two strategies, by their positions.

    `scores` as in `average_ranks`; None below ten pairs. Two strategies that tie everywhere have p = 1.
    Wilcoxon, Biometrics Bulletin 1945, https://doi.org/10.2307/3001968
    """
    table = _table(scores)
    if table.shape[1] < MIN_PAIRS:
        return None
    couples = list(combinations(range(len(table)), 2))
    adjusted = holm([_wilcoxon(table[i], table[j]) for i, j in couples])
    return {couple: p for couple, p in zip(couples, adjusted, strict=True) if p is not None}


def nemenyi(scores: ArrayLike) -> dict[tuple[int, int], float] | None:
    """Nemenyi's p-values (scikit-posthocs) for each two strategies, by their positions; None below ten pairs.

    `scores` as in `average_ranks`. They are corrected for the number of strategies already.
    """
    table = _table(scores)
    if table.shape[1] < MIN_PAIRS:
        return None
    from scikit_posthocs import posthoc_nemenyi_friedman

    p_values = posthoc_nemenyi_friedman(table.T).to_numpy()
    return {(i, j): float(p_values[i, j]) for i, j in combinations(range(len(table)), 2)}


def critical_difference(strategies: int, pairs: int, alpha: float = 0.05) -> float | None:
    """Distance of average ranks from which on Nemenyi's test calls two strategies different; None below ten pairs.

    q √(k (k + 1) / 6N) for k strategies and N pairs, with q the studentised range over √2
    (Demšar, JMLR 2006, https://jmlr.org/papers/v7/demsar06a.html).
    """
    if pairs < MIN_PAIRS or strategies < 2:
        return None
    from scipy.stats import studentized_range

    q = studentized_range.ppf(1 - alpha, strategies, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(strategies * (strategies + 1) / (6 * pairs)))


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


def _table(scores: ArrayLike) -> Floats:
    """Scores as (strategies, pairs), seeds averaged; every one there."""
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim == 3:
        table = table.mean(axis=2)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"shape {table.shape} is not (strategies, pairs) or (strategies, pairs, seeds)")
    missing = int((~np.isfinite(table)).sum())
    if missing:
        raise ValueError(f"{missing} of {table.size} cells have no score; ranks need every pair of every strategy")
    # Means of the same numbers can differ in the last bits, and would then not tie.
    rounded: Floats = table.round(12)
    return rounded


def _ranks(table: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks: Floats = rankdata(-table, axis=0)
    return ranks


def _wilcoxon(a: Floats, b: Floats) -> float:
    if (a == b).all():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(a, b).pvalue)


def _verdict(cell: PairedTest | None, adjusted: float | None, alpha: float) -> Verdict:
    if cell is None or adjusted is None or adjusted > alpha:
        return "undecided"
    return "hurts" if cell.mean > 0 else "helps"


def _standard_error(sample: Floats) -> float:
    return float(sample.std(ddof=1) / np.sqrt(len(sample)))


# scipy.special has the distributions as plain functions and loads in a third of the time of scipy.stats.


def _t_quantile(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def _t_p_value(t: float, n: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(t)))


def _draws(n: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Positions drawn with replacement, of shape (resamples, n); a fixed seed, so that a table is made twice alike."""
    return np.random.default_rng(seed).integers(n, size=(resamples, n))


def _ratios(top: Floats, bottom: Floats) -> Floats:
    """`top / bottom`; infinite where a resample lost the gap, as the limit of an ever smaller one."""
    ratios = np.copysign(np.inf, top)
    return np.divide(top, bottom, out=ratios, where=bottom > 0)


def _percentile_interval(resampled: Floats, n: int) -> tuple[float, float]:
    """Take the 95 % percentile interval of `resampled` means of `n` values, expanded for small `n`.

    Percentiles as they are make an interval that is too narrow by √((n − 1) / n) and by the normal in place of
    Student's t: with five seeds it covers in about 85 % of cases. They are moved outwards by just that
    (Hesterberg, American Statistician 2015, https://arxiv.org/abs/1411.5279).
    """
    from scipy.special import ndtr

    tail = float(ndtr(-_t_quantile(n) * np.sqrt(n / (n - 1))))
    # Without interpolation, which between a number and infinity is not a number.
    low, high = np.quantile(resampled, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
