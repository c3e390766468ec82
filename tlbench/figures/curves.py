"""How training went: the loss and the accuracy on source validation data over steps."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from tlbench.leaderboard.analysis.result_set import as_number
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.records.record import Record

#: What is drawn of a curve, by the name of the panel.
TERMS: Mapping[str, str] = {"loss": "loss", "source-val": "source_val"}
#: What a strategy trains after, or without, a phase that it shares with others.
SHARED_PHASE = "source"


def curves(place: TableGroup) -> dict[str, Any]:
    """A panel for `loss` and one for `source-val`, each with a line for every variant that has it.

    A point of a line has `step`, and over the runs (seeds and pairs) that were recorded there `mean`, `low` and `high`,
    the least and the largest. Training that is shared with others is left out.
    """
    panels = []
    for title, term in TERMS.items():
        lines = [{"variant": name, "points": _points(place.records(name), term)} for name in place.variants]
        panels.append({"title": title, "lines": [line for line in lines if line["points"]]})
    return {"panels": [panel for panel in panels if panel["lines"]]}


def _points(records: Iterable[Record], term: str) -> list[dict[str, float]]:
    by_step: dict[int, list[float]] = {}
    for record in records:
        own_phase = any(point.get("phase") not in (None, SHARED_PHASE) for point in record.curve)
        for point in record.curve:
            value = as_number(point.get(term))
            if value is not None and not (own_phase and point.get("phase") == SHARED_PHASE):
                by_step.setdefault(int(point["step"]), []).append(value)
    return [
        {
            "step": step,
            "mean": round(statistics.fmean(values), 5),
            "low": round(min(values), 5),
            "high": round(max(values), 5),
        }
        for step, values in sorted(by_step.items())
    ]
