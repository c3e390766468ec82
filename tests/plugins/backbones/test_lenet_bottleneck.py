from __future__ import annotations

import pytest
import torch

from tlbench.errors import TlbenchError
from tlbench_backbones.small.lenet import lenet
from tlbench_backbones.small.lenet_bottleneck import factory

SUITE = """
name = "lenet-bottleneck"
dataset = "digits"
backbones = ["lenet:24"]
seeds = [0]

[budget]
steps = 10
checkpoints = 1

[[part]]
setting = "transductive"
pairs = ["uci:uci_m"]
strategies = ["dann-separate"]

[strategies.dann-separate]
use = "dann"
hidden = [16, 16]
head_norm = true
batch_norm = "separate"
"""


@pytest.mark.parametrize("argument", ["0", "-256", "2.5", "wide", "256:relu"])
def test_a_width_that_is_none_is_refused_before_anything_runs_and_says_the_form(argument):
    message = rf"the width '{argument}' must be a whole number from 1; write lenet:WIDTH, as in lenet:256"
    with pytest.raises(TlbenchError, match=message):
        factory.check(argument)
    with pytest.raises(TlbenchError, match=message):
        factory((1, 28, 28), argument)


def test_a_suite_with_such_a_width_ends_with_a_message(project):
    suite = project.suite(SUITE.replace("lenet:24", "lenet:wide"))
    outcome = project.tlbench("run", suite, plugin=False)
    assert outcome.code == 2
    assert "backbone 'lenet:wide': the width 'wide' must be a whole number from 1" in outcome.err
    assert "Traceback" not in outcome.err


def test_what_is_no_image_of_16_pixels_is_refused():
    with pytest.raises(TlbenchError, match=r"takes images .* at least 16 pixels a side; the inputs are \(6,\)"):
        factory((6,), "256")


def test_the_bottleneck_is_a_stage_of_its_own_on_the_weights_that_lenet_has():
    torch.manual_seed(3)
    plain = lenet((1, 28, 28)).state_dict()
    torch.manual_seed(3)
    network = factory((1, 28, 28), "256")
    assert (network.feature_dim, len(network.stages)) == (256, 4)
    assert [tuple(p.shape) for p in network.stages[3].parameters()] == [(256, 500), (256,), (256,), (256,)]
    for name, weights in plain.items():
        assert torch.equal(network.state_dict()[name], weights)


def test_features_of_a_batch_are_normalised_in_training_and_are_not_negative():
    network = factory((1, 28, 28), "8")
    images = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8)
    features = network(images).detach()
    assert features.shape == (64, 8)
    assert float(features.min()) == 0.0
    # Of numbers with mean 0 and deviation 1 about half are cut to 0.
    assert 0.2 < float((features == 0).float().mean()) < 0.8


def test_a_suite_runs_on_it_with_a_domain_head_of_two_normalised_layers(project):
    outcome = project.tlbench("run", project.suite(SUITE), plugin=False)
    assert outcome.code == 0, outcome.err
    record = project.record("dann-separate", "lenet-bottleneck")
    lenet_weights, bottleneck, head = 20 * 76 + 50 * 501 + 500 * 51, 500 * 24 + 3 * 24, 24 * 10 + 10
    domain_head = (24 * 16 + 3 * 16) + (16 * 16 + 3 * 16) + 17
    assert record.model.total == lenet_weights + bottleneck + head + domain_head
    assert record.params["hidden"] == [16, 16]
