"""A batch of one example and batch norm: told before anything runs, by strategy and backbone, with what to do."""

from __future__ import annotations

import pytest

SUITE = """
name = "small"
dataset = "digits"
backbones = ["{backbone}"]
seeds = [0]

[budget]
steps = 2
batch_size = {size}
checkpoints = 1

[[part]]
setting = "{setting}"
{shots}
pairs = ["{pair}"]
strategies = [{strategies}]

[strategies.apart]
use = "dann"
batch_norm = "separate"
"""
#: A backbone whose first batch norm sees images and no single values, in a file of its own.
PLUGIN = """
import tlbench
from torch import nn

__license__ = "Apache-2.0"


def normed(input_shape):
    layers = nn.Sequential(nn.Conv2d(input_shape[0], 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    return tlbench.Backbone([layers], 16)


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("normed", normed, summary="a convolution with batch norm")
"""
ADVICE = "batch norm takes mean and deviation over a batch, and one example has none; set batch_size = 2 or more"


def planned(project, backbone="lenet:8", size=1, setting="transductive", pair="uci:uci_m", strategies='"dann"', **more):
    shots = "shots = 2" if setting == "inductive" else ""
    names = {"backbone": backbone, "size": size, "setting": setting, "pair": pair, "strategies": strategies}
    text = SUITE.format(**names, shots=shots)
    if "apart" not in strategies:
        text = text.partition("[strategies.")[0]
    (project.folder / "more.py").write_text(PLUGIN)
    return project.tlbench("plan", project.suite(text), "--plugin", str(project.folder / "more.py"))


def test_the_training_on_the_source_and_the_oracle_are_refused_by_name(project):
    outcome = planned(project)
    assert outcome.code == 2
    assert f"the training on the source with the backbone 'lenet:8' and batch_size = 1: {ADVICE}" in outcome.err
    assert f"'oracle' with the backbone 'lenet:8' and batch_size = 1: {ADVICE}" in outcome.err
    assert "or take a backbone without batch norm" in outcome.err


def test_run_says_it_before_anything_runs(project):
    text = SUITE.format(
        backbone="lenet:8", size=1, setting="inductive", shots="shots = 2", pair="uci:uci_m", strategies='"fine-tune"'
    ).partition("[strategies.")[0]
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert ADVICE in outcome.err
    assert not list((project.folder / "results").glob("small/*.json"))


def test_what_joins_source_and_target_in_one_batch_is_not_refused(project):
    outcome = planned(project)
    assert "'dann' with" not in outcome.err  # its batch has two examples, one of each domain


def test_what_gives_the_backbone_each_domain_by_itself_is_refused_by_name(project):
    outcome = planned(project, strategies='"dann", "apart"')
    assert f"'apart' with the backbone 'lenet:8' and batch_size = 1: {ADVICE}" in outcome.err
    assert "'dann' with" not in outcome.err


@pytest.mark.parametrize("size", [2, 3])
def test_two_examples_are_enough(project, size):
    assert planned(project, size=size).code == 0


def test_several_sources_share_a_batch_that_counts_as_a_whole(project):
    assert planned(project, size=2, pair="uci+syn:uci_m").code == 0


@pytest.mark.parametrize("backbone", ["small-cnn", "lenet"])
def test_a_backbone_without_batch_norm_trains_on_single_examples(project, backbone):
    outcome = planned(project, backbone)
    assert outcome.code == 0
    assert "batch norm" not in outcome.err


def test_batch_norm_of_images_works_on_one_and_is_told(project):
    outcome = planned(project, "normed")
    assert outcome.code == 0, outcome.err
    message = "'oracle' with the backbone 'normed' and batch_size = 1: batch norm normalises each image by itself alone"
    assert message in outcome.err


def test_without_labels_that_are_shared_too(project):
    outcome = planned(project, setting="inductive", strategies='"fine-tune", "multi-task"')
    assert outcome.code == 2
    assert f"'target-only' with the backbone 'lenet:8' and batch_size = 1: {ADVICE}" in outcome.err
