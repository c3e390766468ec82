"""What transfer did: in a cell of a table, and to a strategy over all pairs.

All differences are of errors: positive means that transfer hurt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tlbench.evaluation.statistics import holm
from tlbench.evaluation.uncertainty import CrossedDifference, DifferenceTest, difference_test, prior_of

Verdict = Literal["helps", "hurts", "no matter", "unknown", "training failed"]

#: In the order of tables' columns.
VERDICTS: tuple[Verdict, ...] = ("helps", "hurts", "no matter", "unknown", "training failed")
#: Differences of errors within ± this region do not matter, unless a suite says otherwise (its `rope`): one point.
ROPE = 0.01
#: The false-discovery rate over a table's cells, and the family-wise error over its strategies.
ALPHA = 0.05


@dataclass(frozen=True)
class Decision:
    """A verdict, the test that it rests on, and the p-value corrected for the table; None where there is no test."""

    verdict: Verdict
    test: DifferenceTest | None = None
    adjusted: float | None = None


def cell_decisions(
    cells: Sequence[CrossedDifference | None], failed: Sequence[bool] = (), *, rope: float = ROPE, alpha: float = ALPHA
) -> list[Decision]:
    """Decide every cell of a table; the variance from seeds is moderated over the cells, so give all that were planned.

    *no matter*: the 90 % interval lies within ± `rope`, which is two one-sided tests at 5 %. *helps*, *hurts*: not so,
    and the p-value is at most `alpha` after Benjamini and Hochberg's correction, so that of the cells called so a share
    of at most `alpha` is expected to be false; this explores and does not confirm. A cell whose training failed
    (`failed`) takes no part: nothing was transferred there. None stays *unknown*.
    """
    broken = [*failed, *[False] * (len(cells) - len(failed))]
    taking_part = [cell for cell, out in zip(cells, broken, strict=True) if cell is not None and not out]
    prior = prior_of(taking_part)
    tests = [
        None if cell is None or out else difference_test(cell, prior) for cell, out in zip(cells, broken, strict=True)
    ]
    adjusted = benjamini_hochberg([None if test is None else test.p_value for test in tests])
    return [
        Decision("training failed") if out else Decision(_verdict(test, p, rope, alpha), test, p)
        for test, p, out in zip(tests, adjusted, broken, strict=True)
    ]


def strategy_decisions(
    rows: Sequence[CrossedDifference | None], *, rope: float = ROPE, alpha: float = ALPHA
) -> list[Decision]:
    """Decide every strategy by its mean difference over pairs, one test each, Holm-corrected over strategies.

    The chance that any strategy without an effect on these pairs is called *helps* or *hurts* is at most `alpha`.
    """
    return holm_decisions(moderated_tests(rows), rope=rope, alpha=alpha)


def moderated_tests(rows: Sequence[CrossedDifference | None]) -> list[DifferenceTest | None]:
    """The tests of several differences, the variance from seeds moderated over all of them."""
    prior = prior_of([row for row in rows if row is not None])
    return [None if row is None else difference_test(row, prior) for row in rows]


def holm_decisions(
    tests: Sequence[DifferenceTest | None], *, rope: float = ROPE, alpha: float = ALPHA
) -> list[Decision]:
    """Decide tests that are made already, Holm-corrected over those that could be made."""
    adjusted = holm([None if test is None else test.p_value for test in tests])
    return [Decision(_verdict(test, p, rope, alpha), test, p) for test, p in zip(tests, adjusted, strict=True)]


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values adjusted for the false-discovery rate; None, a test that could not be made, stays None, uncounted.

    Benjamini & Hochberg, Journal of the Royal Statistical Society B 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
    """
    made = np.array([p for p in p_values if p is not None])
    order = np.argsort(made, kind="stable")[::-1]
    ranks = np.arange(len(made), 0, -1)
    adjusted = np.empty(len(made))
    adjusted[order] = np.minimum.accumulate(np.minimum(1.0, made[order] * len(made) / ranks))
    found = iter(adjusted.tolist())
    return [None if p is None else float(next(found)) for p in p_values]


def _verdict(test: DifferenceTest | None, adjusted: float | None, rope: float, alpha: float) -> Verdict:
    if test is None or adjusted is None:
        return "unknown"
    low, high = test.interval(0.90)
    if -rope <= low and high <= rope:
        return "no matter"
    if adjusted > alpha:
        return "unknown"
    return "hurts" if test.mean > 0 else "helps"
