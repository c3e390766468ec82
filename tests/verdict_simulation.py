"""What verdicts are worth on 1,000 simulated tables of each shape: `tox -e statistics`.

Prints the table of `docs/statistics.md`, in which a cell has no effect, or one of 4 points for good or ill, and beside
the verdicts on trial those that were made before: a paired t test over seeds, Holm-corrected over the table. With
`--check` it ends with 1 where the page holds another table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.stats
from simulated_tables import Shape, effect_of, simulated_table
from tabulate import tabulate

from tlbench.evaluation.statistics import holm
from tlbench.evaluation.uncertainty import Floats, crossed_difference, difference_test, prior_of
from tlbench.evaluation.verdicts import ALPHA, cell_decisions, strategy_decisions

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
#: A true difference of errors, and the shares of cells that have it for ill and for good.
EFFECT, SHARE = 0.06, 0.2
TABLES = 1000
SHAPES: Mapping[str, Shape] = {
    "12 pairs, 2 strategies, 5 seeds, 450 items": Shape(strategies=2),
    "the same, 3 seeds": Shape(strategies=2, seeds=3),
    "the same, 10 seeds": Shape(strategies=2, seeds=10),
    "the same, 100 items": Shape(strategies=2, items=100),
    "the same, 50 items, 3 seeds": Shape(strategies=2, items=50, seeds=3),
    "the same, 2,000 items": Shape(strategies=2, items=2000),
    "the same, seeds vary twice as much": Shape(strategies=2, seed=0.4),
    "the same, and unequally from run to run": Shape(strategies=2, seed=0.4, unequal=0.5),
    "4 pairs, 1 strategy, 5 seeds, 450 items": Shape(cells=4),
    "12 pairs, 1 strategy, seeds repeat one result": Shape(repeats=True, seed=0.0),
}


@dataclass
class Tally:
    """Shares, a value for each table or cell."""

    false: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)

    def add(self, decided: Floats, intervals: Floats, truth: Floats) -> None:
        """`decided`: +1 hurts, −1 helps, 0 neither, by cell; `truth` the true difference."""
        wrong = (decided != 0) & (decided != np.sign(truth))
        self.false.append(float(wrong.sum() / max(1, (decided != 0).sum())))
        if (truth != 0).any():
            self.found.append(float((decided == np.sign(truth))[truth != 0].mean()))
        self.covered += ((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).tolist()

    def cells(self) -> list[str]:
        return [_percent(part) for part in (self.false, self.found, self.covered)]


def simulate(shape: Shape, tables: int, rng: np.random.Generator) -> tuple[Tally, Tally, float]:
    """Before, now, and the share of tables in which a strategy without any effect is decided."""
    before, now, rows = Tally(), Tally(), []
    size = effect_of(shape, EFFECT)
    for _ in range(tables):
        signs = rng.choice([-1.0, 0.0, 1.0], (shape.cells, shape.strategies), p=[SHARE, 1 - 2 * SHARE, SHARE])
        effects = np.where(signs > 0, size, np.where(signs < 0, effect_of_opposite(shape), 0.0))
        arrays = simulated_table(shape, effects, rng)
        truth = EFFECT * signs.ravel()
        before.add(*_before(arrays), truth)
        now.add(*_now(arrays), truth)
        rows.append(_any_row(shape, simulated_table(shape, np.zeros_like(signs), rng)))
    return before, now, float(np.mean(rows))


def effect_of_opposite(shape: Shape) -> float:
    return _memo(("opposite", shape), lambda: effect_of(shape, -EFFECT))


_KNOWN: dict[object, float] = {}


def _memo(key: object, make: Callable[[], float]) -> float:
    if key not in _KNOWN:
        _KNOWN[key] = make()
    return _KNOWN[key]


def _before(arrays: list[Floats]) -> tuple[Floats, Floats]:
    """Paired t over seeds, Holm over cells; differences that are all equal counted as certain."""
    by_seed = np.array([array.mean(axis=1) for array in arrays])
    means, seeds = by_seed.mean(axis=1), by_seed.shape[1]
    errors = by_seed.std(axis=1, ddof=1) / np.sqrt(seeds)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(errors > 1e-12, means / errors, np.where(means == 0, 0, np.inf * np.sign(means)))
    p = holm(list(2 * scipy.stats.t.sf(np.abs(t), seeds - 1)))
    half = scipy.stats.t.ppf(0.975, seeds - 1) * errors
    return np.where(np.array(p) <= ALPHA, np.sign(means), 0), np.stack([means - half, means + half], axis=1)


def _now(arrays: list[Floats]) -> tuple[Floats, Floats]:
    cells = [crossed_difference([array]) for array in arrays]
    signs = {"hurts": 1, "helps": -1}
    decided = np.array([signs.get(decision.verdict, 0) for decision in cell_decisions(cells)])
    prior = prior_of(cells)
    tests = [difference_test(cell, prior) for cell in cells]
    return decided, np.array([test.interval() if test else (-np.inf, np.inf) for test in tests])


def _any_row(shape: Shape, arrays: list[Floats]) -> bool:
    """Whether some strategy is decided over pairs. Pairs have test sets of their own."""
    rows = [
        crossed_difference([array / shape.cells for array in arrays[index :: shape.strategies]])
        for index in range(shape.strategies)
    ]
    return any(decision.verdict in ("helps", "hurts") for decision in strategy_decisions(rows))


def _percent(shares: list[float]) -> str:
    return f"{100 * np.mean(shares):.1f}" if shares else "—"


def table(tables: int = TABLES) -> str:
    """The table of the page, in Markdown."""
    body = []
    for name, shape in SHAPES.items():
        before, now, row = simulate(shape, tables, np.random.default_rng(0))
        pairs = (f"{old} → {new}" for old, new in zip(before.cells(), now.cells(), strict=True))
        body.append([name, *pairs, f"{100 * row:.1f}"])
    head = ["table", "false, of cells decided", "power", "coverage", "false strategies"]
    return tabulate(body, head, tablefmt="pipe", colalign=["left", *["right"] * 4], disable_numparse=True)


if __name__ == "__main__":
    made = table(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else TABLES)
    print(made)
    if "--check" in sys.argv and made not in PAGE.read_text(encoding="utf-8"):
        sys.exit(f"{PAGE.name} holds another table; put this one there")
