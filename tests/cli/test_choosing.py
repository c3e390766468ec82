"""Selection among a suite's variants, with and without a second training."""

from __future__ import annotations

import json

import pytest
from toy_suite import SUITE

GRID = (
    SUITE.replace("[[part]]", "[training]\nlr = 0.02\n\n[[part]]").replace(
        '["feature-extraction"]', '["dann-grid", "twin"]'
    )
    + """
[strategies.dann-grid]
use = "dann"
grid = { adversarial_weight = [0.0, 30.0] }
"""
)
REVERSE = GRID.replace("seeds = [0]", "seeds = [0]\nreverse_validation = true")


def members(project):
    return {record.variant: record for record in project.records() if record.strategy == "dann"}


def rows(project, protocol):
    """The rows of the table under a protocol, by name."""
    outcome = project.tlbench("leaderboard", "toy", "--selection", protocol, "--format", "json", plugin=False)
    (table,) = json.loads(outcome.out)
    return {row["strategy"]["text"]: row for row in table["rows"]}


def test_a_protocol_makes_one_row_of_a_grid_with_the_best_member_and_the_cost_of_the_whole_search(project):
    project.tlbench("run", project.suite(GRID))
    records = members(project)
    last = rows(project, "last")
    assert last.keys() >= records.keys()  # parameters as they are given: nothing is chosen
    assert "dann-grid" not in last
    for protocol in ("source-val", "entropy", "infomax", "dev", "target-test"):
        best = max(records.values(), key=lambda record: max(record.selection[protocol]))
        shown = rows(project, protocol)
        assert not shown.keys() & records.keys()
        row = shown["dann-grid"]
        assert row["accuracy"]["value"] == pytest.approx(best.metrics[protocol]["accuracy"])
        assert row["own"]["value"] == pytest.approx(sum(record.seconds.own.total for record in records.values()))


def test_a_member_that_failed_is_ruled_out_and_one_that_is_missing_leaves_a_hole(project):
    project.tlbench("run", project.suite(GRID))
    worse, better = sorted(members(project).values(), key=lambda record: max(record.selection["source-val"]))
    file = project.folder / "results" / "toy" / f"{better.run_key}.json"
    file.write_text(better.model_copy(update={"status": "timeout", "metrics": {}, "selection": {}}).model_dump_json())
    found = rows(project, "source-val")["dann-grid"]["accuracy"]["value"]
    assert found == pytest.approx(worse.metrics["source-val"]["accuracy"])
    file.unlink()
    assert rows(project, "source-val")["dann-grid"]["accuracy"]["text"].startswith("—")
    assert "not run" in project.tlbench("leaderboard", "toy", "--selection", "source-val", plugin=False).out


def test_one_training_a_run_whatever_the_selection_protocol(project):
    project.tlbench("run", project.suite(GRID))
    last = {record.run_key for record in project.records()}
    outcome = project.tlbench("run", project.suite(GRID.replace("seeds =", 'selection = "dev"\nseeds =')), "-v")
    assert outcome.err == f"all {len(last)} runs are there\n"
    before = {path: path.stat().st_mtime_ns for path in (project.folder / "results" / "toy").iterdir()}
    assert "every selection protocol" in project.tlbench("leaderboard", "toy", "--selection", "all", plugin=False).out
    assert {path: path.stat().st_mtime_ns for path in (project.folder / "results" / "toy").iterdir()} == before


def test_reverse_validation_is_a_second_training_that_is_planned_counted_and_chosen_by(project):
    project.tlbench("run", project.suite(GRID))
    suite = project.suite(REVERSE)  # the records are there, but not what it asks of some
    assert "3 x a second training" in project.tlbench("plan", suite).out
    assert project.tlbench("run", suite).code == 0
    scores = {}
    for name, record in members(project).items():
        assert [seen.phase for seen in record.seen] == ["adaptation", "reverse adaptation"]
        assert record.seconds.own.selection > 0
        assert record.selection["reverse-validation"][:-1] == [None]
        assert record.metrics["reverse-validation"] == record.metrics["last"]
        scores[name] = record.selection["reverse-validation"][-1]
    assert "reverse-validation" not in project.record("source-only").metrics
    assert scores["dann-grid[adversarial_weight=0.0]"] > scores["dann-grid[adversarial_weight=30.0]"]
    out = project.tlbench("leaderboard", "toy", "--selection", "reverse-validation", plugin=False).out
    assert "[adversarial_weight=0.0] 1" in " ".join(out.split())
    assert "second training" not in project.tlbench("plan", suite).out
    times = {record.run_key: record.provenance["started_utc"] for record in project.records()}
    project.tlbench("run", project.suite(GRID))  # which asks for less, and keeps what is there
    assert {record.run_key: record.provenance["started_utc"] for record in project.records()} == times


def test_a_second_training_that_fails_costs_the_run_nothing_but_this_choice(project):
    text = REVERSE.replace('["dann-grid", "twin"]', '["once"]')
    plugin = project.write("once.py", ONCE)
    outcome = project.tlbench("run", project.suite(text), "--plugin", plugin)
    assert outcome.code == 0, outcome.err
    record = project.record("once")
    assert record.status == "ok"
    assert record.selection["reverse-validation"][-1] is None
    assert "RuntimeError: no second time" in record.notes[0]


def test_strategies_on_the_source_model_get_one_that_was_trained_on_the_targets_predictions(project):
    text = REVERSE.replace('["dann-grid", "twin"]', '["feature-extraction"]')
    project.tlbench("run", project.suite(text))
    record = project.record("feature-extraction")
    assert [seen.phase for seen in record.seen] == ["source", "features", "reverse source", "reverse features"]
    assert record.selection["reverse-validation"][-1] > 0.6


ONCE = """
import tlbench


class Once(tlbench.GradientStrategy):
    settings = {"transductive"}
    times = 0

    def fit(self, task, toolkit):
        self.times += 1
        if self.times > 1:
            raise RuntimeError("no second time")
        return super().fit(task, toolkit)

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("once", Once)
"""
