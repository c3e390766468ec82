from __future__ import annotations

import pytest
import torch

from tlbench_backbones.small.linear import linear

SUITE = """
name = "linear"
dataset = "toy"
backbones = ["linear"]
seeds = [0]

[budget]
steps = 40
batch_size = 16
checkpoints = 2

[training]
lr = 0.1

[strategies.frozen]
use = "fine-tune"
freeze = "backbone"

[strategies.first-stage]
use = "fine-tune"
freeze = 1

[[part]]
setting = "inductive"
shots = 4
pairs = ["a:b"]
strategies = ["fine-tune", "frozen", "first-stage", "multi-task", "dann", "feature-extraction"]

[[part]]
setting = "transductive"
pairs = ["a:b"]
strategies = ["dann"]

[[part]]
setting = "unsupervised"
pairs = ["a:b"]
strategies = ["k-means", "dec"]
"""


@pytest.mark.parametrize("shape", [(6,), (3, 4, 5)])
def test_features_are_the_inputs_in_their_own_order(shape):
    inputs = torch.randn(7, *shape)
    network = linear(shape)
    assert torch.equal(network(inputs), inputs.reshape(7, -1))
    assert network.feature_dim == inputs[0].numel()
    assert not list(network.parameters())


def test_images_are_scaled_and_keep_the_order_of_their_pixels():
    images = torch.randint(256, (2, 3, 4, 5), dtype=torch.uint8)
    assert torch.allclose(linear((3, 4, 5))(images), images.reshape(2, -1) / 127.5 - 1.0, atol=1e-6)


def test_every_strategy_trains_on_a_backbone_without_parameters(project):
    outcome = project.tlbench("run", project.suite(SUITE))
    assert outcome.code == 0, outcome.err
    assert {record.status for record in project.records("linear")} == {"ok"}
    model = project.record("frozen", "linear").model
    assert (model.trainable, model.total, model.feature_dim) == (6 * 3 + 3, 6 * 3 + 3, 6)
    assert project.record("fine-tune", "linear").metrics["last"]["accuracy"] > 0.8
