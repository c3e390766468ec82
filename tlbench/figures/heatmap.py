"""Gaps of each strategy, sources against targets."""

from __future__ import annotations

from typing import Any

from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables import verdict_notes


def heatmap(place: TableGroup) -> dict[str, Any]:
    """`gap` (its name), `unit`, `sources`, `targets`, and a panel for each variant with a gap.

    A cell of a panel has `source`, `target`, `gap` in the figure's unit (above 0, transfer hurt), the half-width `by`
    of its interval and a `verdict`; a gap that is missing is None.
    """
    names = list(dict.fromkeys(variant for variant, _ in place.gaps))
    ends = [pair.rsplit(":", 1) for pair in place.pairs]
    sources = list(dict.fromkeys(source for source, _ in ends))
    targets = list(dict.fromkeys(target for _, target in ends))
    return {
        "gap": verdict_notes.GAP_NAMES[place.setting],
        "unit": "points" if place.scale.percent else "",
        "sources": sources,
        # In the sources' order, so that a domain against itself is on the diagonal.
        "targets": [name for name in sources if name in targets] + [name for name in targets if name not in sources],
        "panels": [{"variant": name, "cells": _cells(place, name)} for name in names],
    }


def _cells(place: TableGroup, variant: str) -> list[dict[str, Any]]:
    return [_cell(place, variant, pair) for name, pair in place.gaps if name == variant]


def _cell(place: TableGroup, variant: str, pair: str) -> dict[str, Any]:
    source, target = pair.rsplit(":", 1)
    gap = place.gaps[variant, pair]
    return {
        "source": source,
        "target": target,
        "gap": None if gap is None else _shown(place, gap.mean),
        "by": None if gap is None or gap.half_width is None else _shown(place, gap.half_width),
        "verdict": place.verdicts[variant, pair] if gap is not None else None,
    }


def _shown(place: TableGroup, value: float) -> float:
    return round(100 * value if place.scale.percent else value, 4)
