"""How sure a difference of errors is, where seeds and test items are both samples.

A difference was measured with a few seeds on a few test items; other seeds and other items of the same kind would give
another one. With D the differences of correctness, of shape (seeds, items), both crossed,

    D[s, i] = mean + seed[s] + item[i] + rest[s, i]

the variance of the mean over both is estimated by the two-way random model

    var(mean over items, by seed) / seeds  +  max(0, MS_items − MS_rest) / (seeds · items)

(Searle, Casella & McCulloch, Variance Components, Wiley 1992, ch. 4). Five seeds tell little of the first term; a
table has many cells, and what the others show of the usual size moderates it as limma does (Smyth, Statistical
Applications in Genetics and Molecular Biology 2004, https://doi.org/10.2202/1544-6115.1027).
The quantiles of seeds and items, which have other degrees of freedom, are averaged as Cochran and Cox do.

Plain arrays in, plain floats out. SciPy is imported where it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: P-values are not told apart below this.
LEAST_P = 1e-12
#: Below this a variance is rounding: differences are of order 1.
ROUNDING = 1e-18


@dataclass(frozen=True)
class CrossedDifference:
    """A mean difference of errors over seeds and test items, with what is known of its variance.

    `seed_variance` is that of the mean over items from one seed to the next (None with a single seed), `item_variance`
    the share of the variance of `mean` that comes from the test items (0 where they are not known).
    """

    mean: float
    seed_variance: float | None
    item_variance: float
    seeds: int
    items: int

    @property
    def varies_with_seed(self) -> bool:
        """Whether the seeds differ at all: those of two deterministic methods do not."""
        return self.seed_variance is not None and self.seed_variance > ROUNDING


@dataclass(frozen=True)
class Prior:
    """The usual variance from seed to seed in a table, and how many degrees of freedom that knowledge is worth.

    `pooled`: those that all cells have together; no moderated variance is worth more.
    """

    df: float
    variance: float
    pooled: float = np.inf


NO_PRIOR = Prior(0.0, 0.0)


@dataclass(frozen=True)
class DifferenceTest:
    """A difference with its standard error, Satterthwaite's degrees of freedom and the p-value of its being 0.

    `parts`: the variance of the mean from seeds and from items, each with its degrees of freedom.
    """

    mean: float
    error: float
    df: float
    p_value: float
    parts: tuple[tuple[float, float], ...]

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The two ends of the interval."""
        half = _quantile(self.parts, 1 - confidence) * self.error
        return self.mean - half, self.mean + half


def crossed_difference(targets: Sequence[NDArray[np.floating | np.integer]]) -> CrossedDifference:
    """The difference over seeds and test items: `targets` are arrays (seeds, items), one for each test set.

    A cell has one test set. For a mean over pairs, the arrays of pairs that share a test set are added up first, each
    divided by the number of pairs: seeds and items that pairs share are then counted once. The result's mean is the sum
    of the arrays' means. Raises `ValueError` where arrays are empty or differ in seeds.
    """
    arrays = [np.asarray(array, dtype=np.float64) for array in targets]
    shapes = {array.shape[:1] if array.ndim == 2 and array.size else () for array in arrays}
    if len(shapes) != 1 or () in shapes:
        raise ValueError(f"shapes {[array.shape for array in arrays]} are not (seeds, items) of the same seeds")
    by_seed = np.sum([array.mean(axis=1) for array in arrays], axis=0)
    seeds = len(by_seed)
    variance = float(by_seed.var(ddof=1)) if seeds > 1 else None
    items = max(0.0, sum(_item_variance(array) for array in arrays))
    return CrossedDifference(float(by_seed.mean()), variance, items, seeds, sum(array.shape[1] for array in arrays))


def seed_difference(differences: Sequence[float]) -> CrossedDifference:
    """The difference where correctness by item is not known: seeds are all that is counted."""
    sample = np.asarray(differences, dtype=np.float64)
    variance = float(sample.var(ddof=1)) if len(sample) > 1 else None
    return CrossedDifference(float(sample.mean()), variance, 0.0, len(sample), 0)


def prior_of(cells: Sequence[CrossedDifference]) -> Prior:
    """The usual variance from seed to seed of a table's cells, by the moments of its logarithm (limma's fitFDist).

    Cells that do not vary with the seed say nothing of those that do, and are left out. With fewer than three of the
    others, or where they differ more than chance explains without end, there is nothing to borrow.
    """
    from scipy.special import digamma, polygamma

    varying = [cell for cell in cells if cell.varies_with_seed]
    if len(varying) < 3:
        return NO_PRIOR
    df = np.array([cell.seeds - 1.0 for cell in varying])
    variances = np.array([cell.seed_variance for cell in varying], dtype=np.float64)
    logs = np.log(variances) - digamma(df / 2) + np.log(df / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if excess <= 0:  # no more spread than chance gives: one variance for all
        return Prior(np.inf, float(np.average(variances, weights=df)), float(df.sum()))
    prior_df = 2 * _inverse_trigamma(excess)
    variance = float(np.exp(logs.mean() + digamma(prior_df / 2) - np.log(prior_df / 2)))
    return Prior(prior_df, variance, float(df.sum()))


def difference_test(cell: CrossedDifference, prior: Prior = NO_PRIOR) -> DifferenceTest | None:
    """Student's t test of a difference; None where nothing is known of its variance.

    That is so for a single seed that is moderated by no others, and for seeds that are all the same without items.
    """
    parts = tuple(term for term in (_seed_term(cell, prior), _item_term(cell)) if term is not None)
    variance = sum(term for term, _ in parts)
    if variance <= ROUNDING:
        return None
    df = variance**2 / sum(term**2 / df for term, df in parts)
    error = float(np.sqrt(variance))
    return DifferenceTest(cell.mean, error, float(df), _p_value(cell.mean / error, parts), parts)


def _item_variance(array: Floats) -> float:
    """The share of the variance of an array's mean that comes from its items, (MS_items − MS_rest) / (seeds · items).

    Half an item for each side is added on which that side alone is right in every seed. Without them a test set on
    which few items differ passes for certain; with them the p-value of a single seed lies between those of McNemar's
    exact test and its mid-p form (compare Agresti & Min, Statistics in Medicine 2005, https://doi.org/10.1002/sim.1781).
    """
    seeds, items = array.shape
    weight = float(np.abs(array).max()) * 0.5**0.5
    by_item = np.concatenate([array.mean(axis=0), [weight, -weight]])
    ms_items = seeds * float(((by_item - by_item.mean()) ** 2).sum()) / max(1, items - 1)
    ms_rest = 0.0
    if seeds > 1 and items > 1:
        rest = array - array.mean(axis=0) - array.mean(axis=1, keepdims=True) + array.mean()
        ms_rest = float((rest**2).sum()) / ((seeds - 1) * (items - 1))
    return float((ms_items - ms_rest) / (seeds * items))


def _seed_term(cell: CrossedDifference, prior: Prior) -> tuple[float, float] | None:
    """The variance of the mean that comes from seeds, moderated, and its degrees of freedom."""
    if cell.seed_variance is None or not cell.varies_with_seed:
        return None
    own = cell.seeds - 1.0
    if np.isinf(prior.df):
        return prior.variance / cell.seeds, prior.pooled
    moderated = (prior.df * prior.variance + own * cell.seed_variance) / (prior.df + own)
    return moderated / cell.seeds, min(prior.df + own, prior.pooled) if prior.df else own


def _item_term(cell: CrossedDifference) -> tuple[float, float] | None:
    return (cell.item_variance, max(1.0, cell.items - 1.0)) if cell.item_variance > 0 else None


def _quantile(parts: Sequence[tuple[float, float]], p: float) -> float:
    """The two-sided quantile of Cochran and Cox: of each part's t the mean, weighted by the parts' variances.

    With Satterthwaite's degrees of freedom three seeds whose variance is small by luck pass for many
    (Cochran & Cox, Experimental Designs, Wiley 1957, section 4.14).
    """
    from scipy.special import stdtrit

    total = sum(variance for variance, _ in parts)
    return -float(sum(variance * stdtrit(df, p / 2) for variance, df in parts)) / total


def _p_value(t: float, parts: Sequence[tuple[float, float]]) -> float:
    """The p at which the quantile is |t|."""
    from scipy.optimize import brentq
    from scipy.special import stdtr

    if len(parts) == 1:
        return float(2 * stdtr(parts[0][1], -abs(t)))
    if _quantile(parts, LEAST_P) <= abs(t):
        return LEAST_P
    return float(brentq(lambda p: _quantile(parts, p) - abs(t), LEAST_P, 1.0, xtol=1e-14))


def _inverse_trigamma(value: float) -> float:
    """The x at which trigamma is `value`, by Newton's method on its reciprocal, which is convex."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        step = float(polygamma(1, x)) * (1 - float(polygamma(1, x)) / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x
