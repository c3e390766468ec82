"""Quality against cost: which strategies nothing else beats at their price."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CEILING, TRIVIAL
from tlbench.leaderboard.tables.cells import metric_name


def frontier(place: TableGroup) -> dict[str, Any]:
    """`metric`, `unit`, `lower_is_better`, and a point for each variant with a mean over all pairs.

    A point has `variant`, `value` with its half-width `by`, `seconds` (wall seconds of a run, its own and, in full,
    those of work that it shares) and `on_frontier`: no other is as good for less. The oracle is a ceiling, trained on
    labels that no strategy has, and never on it; nor is anything chosen by target test labels.
    """
    trained = [name for name in place.variants if name != TRIVIAL]
    points = [point for name in trained if (point := _point(place, name)) is not None]
    honest = [] if place.selection == "target-test" else [p for p in points if p["variant"] != CEILING]
    best = _undominated(honest, place.scale.lower_is_better)
    for point in points:
        point["on_frontier"] = point["variant"] in best
    return {
        "metric": metric_name(place.metric),
        "unit": "%" if place.scale.percent else "",
        "lower_is_better": place.scale.lower_is_better,
        "points": points,
    }


def _point(place: TableGroup, variant: str) -> dict[str, Any] | None:
    found, own = place.overall(variant), place.own_seconds(variant)
    if found is None or not own:
        return None
    shared = [record.seconds.shared.total for record in place.records(variant)]
    seconds = statistics.fmean(own) + (statistics.fmean(shared) if shared else 0.0)
    factor = 100 if place.scale.percent else 1
    return {
        "variant": variant,
        "value": round(factor * found.mean, 4),
        "by": None if found.half_width is None else round(factor * found.half_width, 4),
        "seconds": round(seconds, 4),
    }


def _undominated(points: Sequence[dict[str, Any]], lower_is_better: bool) -> set[str]:
    """Names of the points that are better than all that cost no more."""
    sign = 1 if lower_is_better else -1
    found, best = set(), float("inf")
    for point in sorted(points, key=lambda point: (point["seconds"], sign * point["value"])):
        if sign * point["value"] < best:
            best = sign * point["value"]
            found.add(point["variant"])
    return found
