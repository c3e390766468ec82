"""`TLBENCH_TRACKERS=mlflow`: what MLflow's own local store holds after a suite; no failure of it costs a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from toy_suite import SUITE, TOY

#: Asks MLflow itself, in a process of its own: it warns of what its own libraries will drop.
ASK = """
import json
from mlflow import MlflowClient
CURVE = "curve/source/loss"
client = MlflowClient()
experiments = {e.name: e.experiment_id for e in client.search_experiments() if e.name.startswith("tlbench/")}
runs = [run for e in experiments.values() for run in client.search_runs([e])]
found = [
    {"name": r.info.run_name, "status": r.info.status, "params": r.data.params, "metrics": r.data.metrics,
     "tags": r.data.tags, "curve": [[m.step, m.value] for m in client.get_metric_history(r.info.run_id, CURVE)]}
    for r in runs
]
print(json.dumps({"experiments": list(experiments), "runs": found}))
"""
ONE_FAILS = SUITE.replace('strategies = ["feature-extraction"]', 'strategies = ["feature-extraction", "broken"]')


def run(project, text=SUITE, **environment):
    project.suite(text)
    command = [sys.executable, "-m", "tlbench", "run", "suite.toml", "-q", "--plugin", str(TOY)]
    return subprocess.run(
        command, check=False, cwd=project.folder, env={**os.environ, **environment}, capture_output=True, text=True
    )


def tracked(project):
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri(project)}
    answer = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def uri(project):
    return f"sqlite:///{project.folder / 'mlflow.db'}"


def test_without_being_asked_for_nothing_is_tracked(project):
    assert run(project, MLFLOW_TRACKING_URI=uri(project)).returncode == 0
    assert not (project.folder / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TLBENCH_TRACKERS": "mlfow"}, "unknown tracker 'mlfow'; did you mean 'mlflow'?"),
        ({"TLBENCH_TRACKERS": "mlflow", "MLFLOW_TRACKING_URI": "nowhere://x"}, "plugin 'builtin-trackers' failed in"),
    ],
)
def test_a_tracker_that_cannot_be_had_is_named_once_and_costs_no_run(project, environment, said):
    outcome = run(project, **environment)
    assert outcome.returncode == 0
    assert outcome.stderr.count(said) == 1
    assert "Traceback" not in outcome.stderr
    assert len(project.records()) == 3


def test_every_record_is_a_run_of_mlflow_with_the_same_numbers(project):
    outcome = run(project, ONE_FAILS, TLBENCH_TRACKERS="mlflow", MLFLOW_TRACKING_URI=uri(project))
    assert outcome.returncode == 1
    assert "failed in tlbench" not in outcome.stderr
    there = tracked(project)
    assert there["experiments"] == ["tlbench/toy"]
    by_key = {one["tags"]["tlbench.run_key"]: one for one in there["runs"]}
    records = project.records()
    assert by_key.keys() == {record.run_key for record in records}
    for record in records:
        one = by_key[record.run_key]
        assert one["status"] == ("FINISHED" if record.status == "ok" else "FAILED")
        assert one["params"]["variant"] == record.variant
        assert one["params"]["budget.steps"] == "40"
        for protocol, scores in record.metrics.items():
            assert one["metrics"][f"{protocol}/accuracy"] == scores["accuracy"]
        curve = [[p["step"], p["loss"]] for p in record.curve if p.get("phase") == "source"]
        assert one["curve"] == curve
    (failed,) = (one for one in there["runs"] if one["status"] == "FAILED")
    assert failed["tags"]["tlbench.status"] == "failed"
    assert failed["tags"]["tlbench.reason"]
