"""Scores over label budgets: up to how many labels of the target the source helps, over all pairs and by target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlbench.core.run_spec import Shots
from tlbench.evaluation.statistics import Estimate
from tlbench.leaderboard.analysis.budget_curves import BudgetCurve
from tlbench.leaderboard.tables import label_budgets
from tlbench.leaderboard.tables.cells import metric_name


def shots(curve: BudgetCurve) -> dict[str, Any]:
    """`metric`, `unit`, `budgets` (their names in order, those that were asked for alone) and `panels`.

    A panel is the mean over all pairs, or over those to one `target` where there are several; it has a `title` and a
    line for each row that has a number there. A line has `variant`, `reference` (whether it is one), and `points` with
    `budget`, `value` and the half-width `by`; or, of a reference that is the same at every budget, one `level` of
    `value` and `by`. A mean with a missing run has no point.
    """
    several = len(curve.targets) > 1
    over = [("", _titled("", curve.pairs), curve.pairs)]
    over += [(target, _titled(f"to {target}, ", curve.to(target)), curve.to(target)) for target in curve.targets]
    panels = [
        {"target": target, "title": title, "lines": lines}
        for target, title, pairs in (over if several else over[:1])
        if (lines := _lines(curve, pairs))
    ]
    return {
        "metric": metric_name(curve.first.metric),
        "unit": "%" if curve.first.scale.percent else "",
        "budgets": [label_budgets.short(budget) for budget in curve.places],
        "panels": panels,
    }


def _titled(to: str, pairs: Sequence[str]) -> str:
    return f"{to}mean over {len(pairs)} pairs" if len(pairs) > 1 else pairs[0]


def _lines(curve: BudgetCurve, pairs: Sequence[str]) -> list[dict[str, Any]]:
    lines = []
    for variant in curve.variants:
        line: dict[str, Any] = {"variant": variant, "reference": not _is_strategy(curve, variant)}
        if variant in curve.constant:
            level = curve.mean(variant, curve.constant[variant], pairs)
            found: dict[str, Any] = {} if level is None else {"level": _number(curve, level)}
        else:
            points = [point for budget in curve.places if (point := _point(curve, variant, budget, pairs))]
            found = {"points": points} if points else {}
        if found:
            lines.append(line | found)
    return lines


def _is_strategy(curve: BudgetCurve, variant: str) -> bool:
    return any(variant in place.strategies for place in curve.places.values())


def _point(curve: BudgetCurve, variant: str, budget: Shots, pairs: Sequence[str]) -> dict[str, Any] | None:
    mean = curve.mean(variant, budget, pairs)
    return None if mean is None else {"budget": label_budgets.short(budget)} | _number(curve, mean)


def _number(curve: BudgetCurve, mean: Estimate) -> dict[str, Any]:
    factor = 100 if curve.first.scale.percent else 1
    by = None if mean.half_width is None else round(factor * mean.half_width, 4)
    return {"value": round(factor * mean.mean, 4), "by": by}
