"""The best number of a column, named only where chance is no likely reason for its being the best."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from tlbench.evaluation.statistics import paired_difference
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CEILING, BySeed

#: Level of the test against the next best.
ALPHA = 0.05


def best_overall(place: TableGroup, metric: str) -> str | None:
    """The variant with the best mean over pairs, if it is shown to be better than the next."""
    found = {name: place.means(name, place.shown(name, metric), metric) for name in _candidates(place)}
    return best({name: values for name, values in found.items() if values}, place.scale_of(metric).lower_is_better)


def best_on(place: TableGroup, pair: str) -> str | None:
    """The variant that is best on one pair, if it is shown to be better than the next."""
    found = {name: place.by_seed(name, pair) for name in _candidates(place)}
    return best({name: values for name, values in found.items() if values}, place.scale.lower_is_better)


def best(values: Mapping[str, BySeed], lower_is_better: bool = False) -> str | None:
    """The name whose mean over seeds is best, where a paired t test tells it from the next at 5 %; else None.

    None too where the two do not have the same seeds, and where fewer than three leave nothing to test.
    """
    sign = 1 if lower_is_better else -1
    order = sorted(values, key=lambda name: sign * statistics.fmean(values[name].values()))
    if len(order) < 2 or values[order[0]].keys() != values[order[1]].keys():
        return None
    first, second = values[order[0]], values[order[1]]
    test = paired_difference(list(first.values()), [second[seed] for seed in first])
    return order[0] if test.p_value is not None and test.p_value <= ALPHA else None


def _candidates(place: TableGroup) -> list[str]:
    """All rows but the ceiling; none where numbers are chosen on target test labels, which rank nothing."""
    return [] if place.selection == "target-test" else [name for name in place.variants if name != CEILING]
