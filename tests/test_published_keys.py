"""Run keys of published records, recomputed: a change that gives them other keys would have them all run again.

Where a test fails, an option was added or a default changed. Mark what was added `AddedField()`, see CONTRIBUTING.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlbench.core.content_key import key_content
from tlbench.core.run_spec import RunSpec
from tlbench.plugins.manager import plugin_host

PUBLISHED = sorted(Path(__file__).parents[1].glob("leaderboards/*/records.jsonl"))


def sample(path):
    """Of each strategy with each of its parameters the record with the first key."""
    found = {}
    records = map(json.loads, path.read_text().splitlines())
    for record in sorted(records, key=lambda record: record["run_key"]):
        found.setdefault((record["strategy"], json.dumps(record["params"], sort_keys=True)), record)
    return list(found.values())


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_published_records_have_the_keys_that_their_runs_would_have_now(path):
    host = plugin_host(())
    for record in sample(path):
        spec = RunSpec.model_validate(record["spec"])
        assert spec.key == record["run_key"], f"what {spec.strategy} is described by"
        params = host.find("strategies", spec.strategy)[0].load().Params
        planned = spec.model_copy(update={"params": key_content(params(**spec.params))})
        assert planned.key == spec.key, f"parameters of {spec.strategy}"


def test_there_are_published_records_of_dann_from_before_and_after_its_ramp():
    params = [record["params"] for path in PUBLISHED for record in sample(path) if record["strategy"] == "dann"]
    assert {"adversarial_weight": 1.0, "hidden": 100} in params
    assert {"adversarial_weight": 1.0, "hidden": 0, "ramp": False} in params
