"""Result sets with known ratings."""

from __future__ import annotations

import pytest
from known_results import spec_of

from tlbench.leaderboard.analysis.result_set import PlanHeader, ResultSet
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import new_record


class Known:
    """A result set that grows run by run; every run is scored at as many steps as it has test scores."""

    def __init__(self) -> None:
        self.cells: list[PlannedCell] = []
        self.records = {}

    def run(self, variant, test, *, family=None, role="strategy", seed=0, protocol=1, status="ok", **selection):
        """Add a run; `selection` are ratings by protocol (`source_val` for `source-val`)."""
        spec = spec_of(strategy=variant, seed=seed, revisions={"uci": "r"}).model_copy(update={"protocol": protocol})
        steps = [100 * (at + 1) for at in range(len(test))]
        rated = {name.replace("_", "-"): list(own) for name, own in selection.items()} | {"target-test": test}
        rated["last"] = [float(step) for step in steps]
        metrics = {name: {"checkpoint": steps[-1], "accuracy": test[-1]} for name in rated} if status == "ok" else {}
        record = new_record(
            spec, variant, status, {}, metrics=metrics, selection=rated if status == "ok" else {}, checkpoints=steps
        )
        self.records[record.run_key] = record
        self.cells.append(
            PlannedCell(
                variant=variant,
                strategy=variant,
                params={},
                backbone="small-cnn",
                source=["syn"],
                target="uci",
                setting="transductive",
                shots=None,
                evaluation="held-out",
                seed=seed,
                role=role,
                family=family,
                run_key=record.run_key,
                references={},
            )
        )
        return record.run_key

    def result_set(self) -> ResultSet:
        plan = PlanHeader(
            suite="known",
            dataset="digits",
            primary_metric="accuracy",
            metrics=["accuracy"],
            selection="last",
            seeds=[0],
            cells=self.cells,
        )
        return ResultSet(plan, self.records)


@pytest.fixture
def known():
    return Known()
