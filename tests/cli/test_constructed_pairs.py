"""Two made-up shifts whose outcome is known: one that adaptation must close, one in which it must do harm."""

from __future__ import annotations

import numpy as np
import pytest

CONSTRUCTED = """
name = "constructed"
dataset = "{dataset}"
backbones = ["mlp:16"]
seeds = [0, 1, 2, 3, 4]

[budget]
steps = 800
batch_size = 64
checkpoints = 1

[training]
optimizer = "sgd"
lr = 0.01
schedule = "inverse"

[[part]]
setting = "transductive"
pairs = ["source:target"]
strategies = ["dann"]

[strategies.dann]
use = "dann"
hidden = 16
"""


def accuracies(project, variant):
    return [
        record.metrics["last"]["accuracy"] for record in project.records("constructed") if record.variant == variant
    ]


@pytest.fixture
def run(project):
    def run(dataset):
        outcome = project.tlbench("run", project.suite(CONSTRUCTED.format(dataset=dataset)))
        assert outcome.code == 0
        return outcome.out

    return run


def test_a_shift_that_features_can_hide_is_closed_by_dann_and_the_table_says_helps(project, run):
    table = run("closable")
    assert np.mean(accuracies(project, "dann")) >= np.mean(accuracies(project, "source-only")) + 0.10
    assert "no cell is shown to hurt" in table
    assert "1/0/0/0" in table  # helps/hurts/no matter/unknown


def test_under_label_shift_dann_does_harm_and_the_table_says_hurts(project, run):
    table = run("label-shift")
    assert np.mean(accuracies(project, "dann")) < np.mean(accuracies(project, "source-only")) - 0.02
    assert "hurts: dann on source:target" in table
    assert "0/1/0" in table
