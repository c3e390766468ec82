"""Classifiers on a backbone's own features, from arrays to the leaderboard."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

HEAD = """
name = "own"
dataset = "npz:arrays"
seeds = [0, 1, 2]

[budget]
steps = 4
batch_size = 8
"""

WHOLE = f"""
backbones = ["linear"]
evaluation = "transductive-test"
{HEAD}
[data]
splits = [0.8, 0.0, 0.2]

[strategies.cosine]
use = "nearest-neighbour"
scale = "l2"

[[part]]
setting = "transductive"
pairs = ["north:south"]
strategies = ["nearest-neighbour", "cosine", "linear-svm", "linear-probe"]
"""

GRID = f"""
backbones = ["linear"]
selection = "reverse-validation"
{HEAD}
[data]
seed = 0  # one split, so that the table's mean over seeds is what seed 0 has

[strategies.svm]
use = "linear-svm"
grid = {{ C = [1e-6, 1.0] }}

[strategies.hasty]
use = "linear-probe"
max_iter = 1
grid = {{ C = [0.1, 1.0] }}

[[part]]
setting = "transductive"
pairs = ["north:south"]
strategies = ["svm", "hasty"]
"""


@pytest.fixture
def arrays(project):
    """Blobs of three classes in six dimensions, one in six far from the others, by domain."""
    (project.folder / "arrays").mkdir()
    found = {}
    for seed, (domain, shift) in enumerate({"north": 0.0, "south": 0.8}.items()):
        labels = np.arange(150) % 6 % 5 % 3
        noise = np.random.default_rng(seed).standard_normal((150, 6))
        found[domain] = (2.0 * np.eye(3, 6)[labels] + shift + 0.9 * noise).astype(np.float32), labels
        np.savez(project.folder / "arrays" / f"{domain}.npz", inputs=found[domain][0], labels=labels)
    return found


def rows(project, *options):
    """The rows of the first table, by name, and its notes."""
    outcome = project.tlbench("leaderboard", "own", "--format", "json", *options, plugin=False)
    table = json.loads(outcome.out)[0]
    return {row["strategy"]["text"]: row for row in table["rows"]}, table["notes"]


def test_trained_on_the_whole_source_and_tested_on_the_whole_target_they_score_as_scikit_learn_does(project, arrays):
    outcome = project.tlbench("run", project.suite(WHOLE), plugin=False)
    assert outcome.code == 0, outcome.err
    assert "Warning" not in outcome.err
    (train, labels), (test, held) = arrays["north"], arrays["south"]
    unit = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (train, test)]
    expected = {
        "nearest-neighbour": KNeighborsClassifier(1).fit(train, labels).score(test, held),
        "cosine": KNeighborsClassifier(1).fit(unit[0], labels).score(unit[1], held),
        "linear-svm": LinearSVC(random_state=0).fit(train, labels).score(test, held),
    }
    shown, notes = rows(project)
    assert len(set(expected.values())) == 3
    for name, accuracy in expected.items():
        assert shown[name]["accuracy"]["value"] == pytest.approx(accuracy, abs=1e-9), name
        assert "±" not in shown[name]["accuracy"]["text"]
    alike = "majority; nearest-neighbour; cosine; linear-svm; linear-probe"
    assert f"same result for every seed, so no interval over seeds: {alike}" in notes
    assert "±" in shown["source-only"]["accuracy"]["text"]
    assert {record.status for record in project.records("own")} == {"ok"}


def test_a_grid_is_chosen_from_by_source_validation_and_by_a_second_training_without_steps(project, arrays):
    outcome = project.tlbench("run", project.suite(GRID), plugin=False)
    assert outcome.code == 0, outcome.err
    members = [project.record(f"svm[C={strength}]", "own", seed=0) for strength in ("1e-06", "1.0")]
    assert members[0].metrics["last"] != members[1].metrics["last"]
    for record in members:
        assert [(seen.phase, seen.updates) for seen in record.seen] == [("features", 0), ("reverse features", 0)]
        assert record.seen[1].labelled == 0
    assert members[1].selection["reverse-validation"][-1] > 0.6
    for protocol in ("reverse-validation", "source-val"):
        shown, notes = rows(project, "--selection", protocol)
        assert shown.keys() == {"majority", "source-only", "svm", "hasty", "oracle"}
        assert any(note.startswith(f"svm: of 2 members {protocol}") for note in notes)
        best = max(members, key=lambda record: record.selection[protocol][-1])
        assert shown["svm"]["accuracy"]["value"] == pytest.approx(best.metrics["last"]["accuracy"])
    first, second = project.record("hasty[C=1.0]", "own", seed=0).notes
    assert first.startswith("the classifier did not converge (lbfgs")
    assert second == f"second training: {first}"


def test_margins_of_a_support_vector_machine_have_no_likelihood(project, arrays):
    suite = WHOLE.replace('evaluation = "transductive-test"', 'metrics = ["accuracy", "nll", "ece"]').replace(
        "seeds = [0, 1, 2]", "seeds = [0]"
    )
    outcome = project.tlbench("run", project.suite(suite), plugin=False)
    assert outcome.code == 0, outcome.err
    assert "nll" not in project.record("linear-svm", "own", seed=0).metrics["last"]
    assert project.record("linear-probe", "own", seed=0).metrics["last"]["nll"] > 0
    again = project.tlbench("run", project.suite(suite), plugin=False)
    assert "0 run" in again.err + again.out or "nothing" in again.err + again.out
    table = json.loads(project.tlbench("leaderboard", "own", "--metric", "nll", "--format", "json", plugin=False).out)[
        0
    ]
    shown = {row["strategy"]["text"]: row["nll"]["text"] for row in table["rows"]}
    assert shown["linear-svm"] == "—"
    assert any("linear-svm: its outputs are no probabilities, so no NLL" in text for text in table["footnotes"])
