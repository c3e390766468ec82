"""Average ranks over pairs, and from ten pairs on which of them differ."""

from __future__ import annotations

from typing import Any

from tlbench.evaluation.ranks import critical_difference, nemenyi
from tlbench.leaderboard.analysis.significance import groups
from tlbench.leaderboard.analysis.table_group import TableGroup


def ranks(place: TableGroup) -> dict[str, Any]:
    """`pairs`, `ranks` in order, best first, each with `variant`, `rank`, `low` and `high` (None with few pairs).

    From ten pairs on also `critical_difference`, the `groups` of names that lie within it, and Nemenyi's `p_values` of
    each two by their names; else None.
    """
    if place.selection == "target-test" or not place.ranks:
        return {"pairs": len(place.pairs), "ranks": [], "critical_difference": None, "groups": None, "p_values": None}
    ordered = sorted(place.ranks, key=lambda name: place.ranks[name].rank)
    found = nemenyi([place.ranked[name] for name in ordered])
    distance = critical_difference(len(ordered), len(place.pairs))
    return {
        "pairs": len(place.pairs),
        "ranks": [{"variant": name} | _rounded(vars(place.ranks[name])) for name in ordered],
        "critical_difference": None if distance is None else round(distance, 4),
        "groups": distance and groups({name: place.ranks[name].rank for name in ordered}, distance),
        "p_values": found and [[ordered[i], ordered[j], round(p, 6)] for (i, j), p in found.items()],
    }


def _rounded(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}
