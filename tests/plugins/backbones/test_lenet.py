from __future__ import annotations

import pytest
import torch

from tlbench.errors import TlbenchError
from tlbench_backbones.small.lenet import lenet

SUITE = """
name = "lenet"
dataset = "digits"
backbones = ["lenet"]
seeds = [0]

[budget]
steps = 10
checkpoints = 1

[[part]]
setting = "inductive"
shots = 5
pairs = ["uci:uci_m"]
strategies = ["fine-tune"]
"""


@pytest.mark.parametrize("shape", [(6,), (2, 28, 28), (1, 15, 28), (1, 28, 15)])
def test_what_is_no_image_of_16_pixels_is_refused(shape):
    with pytest.raises(TlbenchError, match=r"'lenet' takes images .* at least 16 pixels a side; the inputs are \("):
        lenet(shape)


def test_it_is_the_network_of_the_papers_on_28_pixels():
    network = lenet((1, 28, 28))
    shapes = [tuple(parameter.shape) for parameter in network.parameters()]
    assert shapes == [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), (500, 50 * 4 * 4), (500,)]
    assert (network.feature_dim, len(network.stages)) == (500, 3)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 21), (1, 28, 28), (3, 32, 32), (3, 33, 50)])
def test_it_takes_any_size_from_16_pixels(shape):
    images = torch.randint(256, (4, *shape), dtype=torch.uint8)
    assert lenet(shape)(images).shape == (4, 500)


def test_dropout_is_off_in_evaluation():
    network = lenet((1, 28, 28))
    images = torch.randint(256, (4, 1, 28, 28), dtype=torch.uint8)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_a_suite_runs_on_it(project):
    outcome = project.tlbench("run", project.suite(SUITE), plugin=False)
    assert outcome.code == 0, outcome.err
    model = project.record("fine-tune", "lenet").model
    assert (model.total, model.feature_dim) == (20 * 76 + 50 * 501 + 500 * 51 + 5010, 500)
