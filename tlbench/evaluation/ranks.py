"""Ranks of strategies over pairs, with intervals, and from ten pairs on with tests.

Plain numbers in, plain floats out. SciPy and scikit-posthocs are imported where they are called, so that importing this
module costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from tlbench.evaluation.statistics import MIN_SEEDS, ROUNDING, Floats, holm, percentile_interval, resamples_of

#: With fewer pairs ranks are shown without tests (Demšar, JMLR 2006, https://jmlr.org/papers/v7/demsar06a.html).
MIN_PAIRS = 10


@dataclass(frozen=True)
class RankEstimate:
    """An average rank over pairs (1 is best) with its 95 % bootstrap interval, None with fewer than three pairs."""

    rank: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class FriedmanTest:
    """Friedman's test in the form of Iman and Davenport: their F statistic, its degrees of freedom and p-value."""

    statistic: float
    degrees: tuple[int, int]
    p_value: float


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
    draws = resamples_of(pairs, resamples, seed)
    return [RankEstimate(float(row.mean()), *percentile_interval(row[draws].mean(axis=1), pairs)) for row in ranks]


def friedman(scores: ArrayLike) -> FriedmanTest | None:
    """Whether any of at least three strategies ranks differently over at least ten pairs (SciPy); else None.

    `scores` as in `average_ranks`. Strategies that tie everywhere have statistic 0 and p = 1; where every pair ranks
    them alike it is infinite and p = 0. Friedman's χ² is too conservative for few pairs; for N pairs and k strategies
    (N − 1) χ² / (N (k − 1) − χ²) follows F with k − 1 and (k − 1)(N − 1) degrees of freedom.
    Iman & Davenport, Communications in Statistics 1980, https://doi.org/10.1080/03610928008827904
    """
    table = _table(scores)
    if len(table) < 3 or table.shape[1] < MIN_PAIRS:
        return None
    strategies, pairs = table.shape
    degrees = (strategies - 1, (strategies - 1) * (pairs - 1))
    if (table == table[0]).all():
        return FriedmanTest(0.0, degrees, 1.0)
    from scipy.special import fdtrc
    from scipy.stats import friedmanchisquare

    chi_squared = float(friedmanchisquare(*table).statistic)
    left = pairs * degrees[0] - chi_squared
    if left <= ROUNDING * chi_squared:
        return FriedmanTest(float("inf"), degrees, 0.0)
    statistic = (pairs - 1) * chi_squared / left
    return FriedmanTest(statistic, degrees, float(fdtrc(*degrees, statistic)))


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
    return _wilcoxon_of(tuple(a), tuple(b))


@lru_cache(maxsize=1024)
def _wilcoxon_of(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The p-value; kept, since with ties SciPy goes through all signs, which takes a second or so."""
    if a == b:
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(a, b).pvalue)
