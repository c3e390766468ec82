"""Tables that differ in nothing but their label budget, together: a learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from tlbench.core.run_spec import Shots
from tlbench.evaluation.statistics import Estimate, estimate
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables import label_budgets


def alike(places: Sequence[TableGroup]) -> list[list[TableGroup]]:
    """Tables by all but their label budget: those of one setting, backbone and evaluation together."""
    groups: dict[tuple[str, str, str], list[TableGroup]] = {}
    for place in places:
        first = place.cells[0]
        groups.setdefault((place.setting, first.backbone, first.evaluation), []).append(place)
    return list(groups.values())


def budget_curves(places: Sequence[TableGroup]) -> list[BudgetCurve]:
    """The curves of a result set: of each setting, backbone and evaluation that has several label budgets."""
    return [BudgetCurve(group) for group in alike(places) if len(group) > 1]


class BudgetCurve:
    """One backbone under one evaluation, at each label budget. Only budgets that a suite asks for are in it."""

    def __init__(self, places: Sequence[TableGroup]) -> None:
        self.places: dict[Shots, TableGroup] = {
            shots: place
            for place in sorted(places, key=lambda place: label_budgets.order(place.cells[0].shots))
            if (shots := place.cells[0].shots) is not None
        }
        #: Where a metric leaves ±1 at one budget it is shown as it is at all.
        self.first = next((place for place in places if not place.scale.percent), next(iter(self.places.values())))
        self.variants = _in_order(list(self.places.values()))
        #: Of all budgets: a mean over the pairs that one of them happens to have could not be set beside another's.
        self.pairs = list(dict.fromkeys(pair for place in places for pair in place.pairs))
        self.targets = list(dict.fromkeys(cell.target for place in places for cell in place.cells))

    def to(self, target: str) -> list[str]:
        """The pairs to a target."""
        return [pair for pair in self.pairs if pair.rpartition(":")[2] == target]

    @cached_property
    def constant(self) -> dict[str, Shots]:
        """References whose runs are the same at every budget, as they see other labels; where each is complete."""
        found = {}
        for variant in self.variants:
            if not any(variant in place.strategies for place in self.places.values()) and self._is_constant(variant):
                found[variant] = max(self.places, key=lambda shots: len(self.places[shots].planned_pairs(variant)))
        return found

    def _is_constant(self, variant: str) -> bool:
        keys: dict[tuple[str, int], set[str]] = {}
        for place in self.places.values():
            for pair in place.planned_pairs(variant):
                for seed, cell in place.by_spot[variant, pair].items():
                    keys.setdefault((pair, seed), set()).add(cell.run_key)
        return all(len(several) == 1 for several in keys.values())

    def mean(self, variant: str, shots: Shots, pairs: Sequence[str]) -> Estimate | None:
        """The mean over some pairs at a budget, with its interval over seeds; None where a run of them is missing."""
        place = self.places[shots]
        means = place.means(variant, place.shown(variant, pairs=pairs))
        return estimate(list(means.values())) if means else None


def _in_order(places: Sequence[TableGroup]) -> list[str]:
    """All rows of several tables: references, strategies, the ceiling."""
    parts = ("baselines", "strategies", "ceiling")
    return list(dict.fromkeys(name for part in parts for place in places for name in getattr(place, part)))
