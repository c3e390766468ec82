from __future__ import annotations

import pytest
import torch
from torch import nn
from toy_suite import SUITE

from tlbench.errors import TlbenchError
from tlbench_backbones.small.mlp import factory

INPUTS = torch.linspace(-2.0, 2.0, 24).reshape(4, 6)
FUNCTIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def made(argument):
    torch.manual_seed(0)
    return factory((6,), argument)


@pytest.mark.parametrize("argument", ["", "0", "-3", "1.5", "wide", ":sigmoid", "x:sigmoid"])
def test_a_width_that_is_no_whole_number_is_refused(argument):
    for use in (factory.check, made):
        with pytest.raises(TlbenchError, match="must be a whole number from 1; write mlp:WIDTH, as in mlp:100, or"):
            use(argument)


@pytest.mark.parametrize(("argument", "named"), [("9:sigmoit", "'sigmoit'; did you mean 'sigmoid'?"), ("9:", "''.")])
def test_an_unknown_activation_is_answered_with_those_there_are(argument, named):
    with pytest.raises(TlbenchError) as caught:
        factory.check(argument)
    assert f"unknown activation {named} Known: relu, sigmoid, tanh; write mlp:WIDTH" in str(caught.value)


def test_a_wrong_name_is_refused_before_anything_runs(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("mlp:16", "mlp:16:gelu")))
    assert outcome.code == 2
    assert "backbone 'mlp:16:gelu': unknown activation 'gelu'" in outcome.err
    assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_features_are_the_activation_of_one_linear_layer(name):
    network = made(f"9:{name}")
    layer = next(module for module in network.modules() if isinstance(module, nn.Linear))
    assert torch.equal(network(INPUTS), FUNCTIONS[name](layer(INPUTS)))
    assert network.feature_dim == 9
    assert len(network.stages) == 1


def test_without_a_name_the_activation_is_relu_and_the_weights_are_the_same():
    assert torch.equal(made("9")(INPUTS), made("9:relu")(INPUTS))
