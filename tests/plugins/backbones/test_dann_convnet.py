from __future__ import annotations

import pytest
import torch

from tlbench.errors import TlbenchError
from tlbench_backbones.small.dann_convnet import dann_convnet

SUITE = """
name = "convnet"
dataset = "digits"
backbones = ["dann-convnet"]
seeds = [0]

[budget]
steps = 10
checkpoints = 1

[[part]]
setting = "inductive"
shots = 5
pairs = ["uci:uci_m"]
strategies = ["fine-tune", "feature-extraction", "multi-task", "dann"]
"""


@pytest.mark.parametrize("shape", [(6,), (2, 28, 28), (1, 15, 28), (1, 28, 15)])
def test_what_is_no_image_of_16_pixels_is_refused(shape):
    with pytest.raises(TlbenchError, match=r"'dann-convnet' takes images .* at least 16 pixels a side; the inputs are"):
        dann_convnet(shape)


def test_it_is_the_network_of_the_paper_on_28_pixels_in_colour():
    network = dann_convnet((3, 28, 28))
    assert [tuple(p.shape) for p in network.parameters()] == [(32, 3, 5, 5), (32,), (48, 32, 5, 5), (48,)]
    assert (network.feature_dim, len(network.stages)) == (768, 2)
    layers = [tuple(p.shape) for p in network.head(10).parameters()]
    assert layers == [(100, 768), (100,), (100, 100), (100,), (10, 100), (10,)]


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 21), (3, 32, 32)])
def test_features_are_of_the_convolutions_whatever_the_size(shape):
    network = dann_convnet(shape)
    images = torch.randint(256, (4, *shape), dtype=torch.uint8)
    features = network(images)
    assert features.shape == (4, network.feature_dim)
    assert network.head(7)(features).shape == (4, 7)


def test_every_strategy_runs_on_it_and_the_heads_are_the_papers(project):
    outcome = project.tlbench("run", project.suite(SUITE), plugin=False)
    assert outcome.code == 0, outcome.err
    convolutions = (3 * 25 + 1) * 32 + (32 * 25 + 1) * 48
    features = 48  # one position of 16 pixels is left
    head = (features + 1) * 100 + 101 * 100 + 101 * 10
    totals = {record.variant: record.model.total for record in project.records("convnet")}
    assert totals["fine-tune"] == totals["oracle"] == convolutions + head
    assert totals["multi-task"] == convolutions + 2 * head
    assert totals["dann"] == convolutions + head + (features + 1) * 100 + 101
    assert totals["feature-extraction"] == convolutions
