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
    assert "2 x a second training" in project.tlbench("plan", suite).out
    assert project.tlbench("run", suite).code == 0
    scores = {}
    for name, record in members(project).items():
        assert [seen.phase for seen in record.seen] == ["adaptation", "reverse adaptation"]
        assert record.seconds.own.selection > 0
        assert record.selection["reverse-validation"][:-1] == [None]
        assert record.metrics["reverse-validation"] == record.metrics["last"]
        assert record.seen[1].labelled == 0
        scores[name] = record.selection["reverse-validation"][-1]
    assert "reverse-validation" not in project.record("source-only").metrics
    assert scores["dann-grid[adversarial_weight=0.0]"] > scores["dann-grid[adversarial_weight=30.0]"]
    out = project.tlbench("leaderboard", "toy", "--selection", "reverse-validation", plugin=False).out
    assert "[adversarial_weight=0.0] 1" in " ".join(out.split())
    assert "oracle, source-only, twin: not scored by reverse-validation, shown at the last step" in " ".join(
        out.split()
    )
    assert "second training" not in project.tlbench("plan", suite).out
    times = {record.run_key: record.provenance["started_utc"] for record in project.records()}
    project.tlbench("run", project.suite(GRID))  # which asks for less, and keeps what is there
    assert {record.run_key: record.provenance["started_utc"] for record in project.records()} == times


def test_a_second_training_that_fails_or_dies_costs_the_run_nothing_but_this_choice(project):
    text = REVERSE.replace('["dann-grid", "twin"]', '["once-grid"]')
    text += '\n[strategies.once-grid]\nuse = "once"\ngrid = { how = ["raise", "exit"] }\n'
    plugin = project.write("once.py", ONCE)
    outcome = project.tlbench("run", project.suite(text), "--plugin", plugin)
    assert outcome.code == 0, outcome.err
    for how, words in {"raise": "RuntimeError: no second time", "exit": "exit code 3"}.items():
        record = project.record(f"once-grid[how={how}]")
        assert record.status == "ok"
        assert record.selection["reverse-validation"][-1] is None
        assert words in record.notes[0]
    shown = project.tlbench("leaderboard", "toy", "--selection", "reverse-validation", plugin=False).out
    assert "in 1 no member had a score, and the first stands" in " ".join(shown.split())


def test_a_run_that_lacks_only_its_second_training_is_not_trained_again(project):
    project.tlbench("run", project.suite(REVERSE))
    for record in members(project).values():
        file = project.folder / "results" / "toy" / f"{record.run_key}.json"
        less = {name: scores for name, scores in record.metrics.items() if name != "reverse-validation"}
        file.write_text(record.model_copy(update={"metrics": less, "seen": record.seen[:1]}).model_dump_json())
    outcome = project.tlbench("run", project.suite(REVERSE))
    assert "2 second trainings for reverse-validation" in outcome.err
    assert "to do" not in outcome.err
    assert all("reverse-validation" in record.metrics for record in members(project).values())


def test_no_failure_takes_the_place_of_a_good_record_that_lacks_a_metric(project):
    text = SUITE.replace('["feature-extraction"]', '["late"]')
    plugin = project.write("late.py", LATE)
    assert project.tlbench("run", project.suite(text), "--plugin", plugin).code == 0
    (project.folder / "broken").write_text("")
    more = text.replace("seeds =", 'metrics = ["accuracy", "nll"]\nseeds =')
    assert project.tlbench("run", project.suite(more), "--plugin", plugin).code == 1
    assert project.record("late").status == "ok"


def test_reverse_validation_without_a_grid_is_refused_and_so_is_a_source_without_validation_data(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("seeds =", "reverse_validation = true\nseeds =")))
    assert outcome.code == 2
    assert "reverse_validation: reverse validation chooses among the members of a grid" in outcome.err


def test_members_of_a_grid_are_compared_place_by_place(project):
    text = (
        GRID
        + """
[[part]]
setting = "inductive"
shots = 4
pairs = ["a:b"]
strategies = ["dann-grid"]
"""
    )
    parts = text.index("[strategies.dann-grid]"), text.rindex("[[part]]")
    text = text[: parts[0]] + text[parts[1] :] + text[parts[0] : parts[1]]
    project.tlbench("run", project.suite(text))
    out = project.tlbench("compare", "dann-grid", "oracle", "--selection", "source-val", plugin=False).out
    assert out.count("A: dann-grid, B: oracle") == 2
    assert "not asked for" not in out


def test_strategies_on_the_source_model_get_one_that_was_trained_on_the_targets_predictions(project):
    text = REVERSE.replace('["dann-grid", "twin"]', '["lr-grid"]')
    text += '\n[strategies.lr-grid]\nuse = "feature-extraction"\ngrid = { folds = [2, 3] }\n'
    project.tlbench("run", project.suite(text))
    record = project.record("lr-grid[folds=3]")
    assert [seen.phase for seen in record.seen] == ["source", "features", "reverse source", "reverse features"]
    assert record.selection["reverse-validation"][-1] > 0.6


LATE = """
import pathlib

import tlbench


class Late(tlbench.GradientStrategy):
    settings = {"transductive"}

    def loss(self, model, batch, progress):
        if pathlib.Path("broken").exists():
            raise RuntimeError("broken since")
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("late", Late)
"""

ONCE = """
import os

import tlbench


class Once(tlbench.GradientStrategy):
    settings = {"transductive"}

    class Params(tlbench.Params):
        how: str

    def fit(self, task, toolkit):
        if not len(task.sources[0].val):  # the way back: predictions have no validation part
            if self.params.how == "exit":
                os._exit(3)
            raise RuntimeError("no second time")
        return super().fit(task, toolkit)

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("once", Once)
"""
