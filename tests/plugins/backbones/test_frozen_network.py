"""`frozen:BACKBONE+BACKBONE`: a network of its own on the features of another."""

from __future__ import annotations

import pytest
import torch
from toy_suite import SUITE

from tlbench.errors import TlbenchError
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import latest_host, plugin_host
from tlbench_backbones.frozen.backbone import factory
from tlbench_backbones.frozen.head_network import split

UNEQUAL = """
name = "toy"
dataset = "toy"
backbones = ["frozen:mlp:16", "frozen:mlp:16+mlp:8"]
seeds = [0]
metrics = ["accuracy", "nll"]

[budget]
steps = 40
batch_size = 16
checkpoints = 1

[training]
lr = 0.05

[[part]]
setting = "inductive"
shots = 3
pairs = ["other:a"]
strategies = ["fine-tune", "multi-task", "feature-extraction", "first-stage"]

[strategies.first-stage]
use = "fine-tune"
freeze = 1
"""

#: Networks that are no good on vectors, and one that runs code from the network.
ODD = """
import tlbench
from torch import nn


class Crashing(tlbench.Backbone):
    def forward(self, inputs):
        raise RuntimeError("expects four dimensions")


class Remote:
    def __call__(self, input_shape, argument):
        return tlbench.Backbone([nn.Linear(input_shape[0], 3)], 3)

    def runs_remote_code(self, argument):
        return True


class OnlyTrusted:
    def __call__(self, input_shape, *, trusted=False):
        if not trusted:
            raise tlbench.plugins.remote_code.untrusted("only-trusted", "it has code of its own")
        return tlbench.Backbone([nn.Linear(input_shape[0], 3)], 3)


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("crashing", lambda input_shape: Crashing([], 3))
    register("misjudged", lambda input_shape: tlbench.Backbone([nn.Linear(input_shape[0], 3)], 5))
    register("remote:", Remote())
    register("only-trusted", OnlyTrusted())
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mlp:8+", "'mlp:8+' has nothing after its last '+'; write frozen:BACKBONE+BACKBONE"),
        ("+mlp:8", "'+mlp:8' has nothing before its last '+'"),
        ("mlp:8+mlpp:4", "'mlpp:4', after the last '+', is what is trained on the features: unknown backbone 'mlpp:4'"),
        ("mlp:8+mlp:", "the backbone 'mlp:' needs something after the colon"),
        ("mlp:8+mlp:none", "the width 'none' must be a whole number"),
        ("mlp:8+lenet", "takes images (1 or 3 channels, height, width) of at least 16 pixels a side; the inputs are"),
        ("mlp:8+frozen:mlp:4", "it prepares its inputs by itself; name one that takes vectors, as mlp:256"),
        ("mlp:8+crashing", "it fails on vectors of 64 numbers (RuntimeError: expects four dimensions)"),
        ("mlp:8+misjudged", "it makes (2, 3) of 2 vectors of 64 numbers; (2, 5) is expected"),
        ("mlp:8+remote:net", "it runs code from the network"),
        ("mlpp:8+mlp:4", "unknown backbone 'mlpp:8'; did you mean 'mlp:'?"),
        ("mlp:none+mlp:4", "backbone 'mlp:none': the width 'none' must be a whole number"),
        ("frozen:mlp:8+mlp:4", "'frozen:mlp:8' is frozen already"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused_before_any_run(project, name, message):
    plugin = project.write("odd.py", ODD)
    outcome = project.tlbench("run", project.suite(SUITE.replace("mlp:16", f"frozen:{name}")), "--plugin", plugin)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not list((project.folder / "cache").glob("domains/*/*/prepared/*"))


def test_a_plus_within_a_name_is_told_how_to_be_written(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("mlp:16", "frozen:transformers:models/a+b")))
    assert outcome.code == 2
    assert "if that '+' is part of a name, write '+linear' after the name" in outcome.err
    assert split("transformers:models/a+b+linear") == ("transformers:models/a+b", "linear")


def test_pairs_from_weights_are_refused_for_the_network_has_none(project):
    suite = UNEQUAL.replace('"other:a"', '"weights:a"').replace('"frozen:mlp:16", ', "")
    outcome = project.tlbench("run", project.suite(suite))
    assert outcome.code == 2
    assert "the backbone 'frozen:mlp:16+mlp:8' has no pretrained weights" in outcome.err


@pytest.mark.parametrize("network", ["remote:net", "only-trusted"])
def test_code_of_the_network_runs_only_where_the_whole_name_is_trusted(project, network):
    plugin, name = project.write("odd.py", ODD), f"frozen:mlp:8+{network}"
    suite = project.suite(SUITE.replace("mlp:16", name))
    refused = project.tlbench("run", suite, "--plugin", plugin)
    assert refused.code == 2
    assert f"say --trust-remote-code '{name}'" in refused.err
    with pytest.raises(TlbenchError, match="say --trust-remote-code"):
        factory((6,), name.removeprefix("frozen:"))
    outcome = project.tlbench("run", suite, "--plugin", plugin, "--trust-remote-code", name)
    assert outcome.code == 0, outcome.err
    assert project.record("oracle").provenance["trusted_remote_code"] == [name]


def test_features_are_those_of_the_name_without_the_network():
    host = plugin_host()
    alone, with_network = (preparation_of(name, host) for name in ("frozen:lenet", "frozen:lenet+mlp:8:tanh"))
    assert alone is not None
    assert with_network is not None
    assert alone.revision == with_network.revision
    assert latest_host() is host


def test_a_revision_has_the_versions_of_both():
    revision = factory.revision("mlp:16+linear")
    assert revision == f"{factory.revision('mlp:16')}+{factory.revision('linear')}"


def test_the_network_is_that_of_its_name_and_starts_anew_with_each_seed():
    def weights(seed):
        torch.manual_seed(seed)
        network = factory((6,), "mlp:16+mlp:8:tanh")
        assert (network.feature_dim, len(network.stages)) == (8, 1)
        return next(network.parameters())

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_what_was_learnt_on_a_source_of_other_classes_is_carried_to_the_target(project):
    outcome = project.tlbench("run", project.suite(UNEQUAL))
    assert outcome.code == 0, outcome.err
    assert len(list((project.folder / "cache").glob("domains/*/*/prepared/*"))) == 2  # one for each domain, shared

    def loss(variant, backbone):  # finer than accuracy, which may be the same by chance
        (found,) = [r for r in project.records() if (r.variant, r.backbone) == (variant, backbone) and r.status == "ok"]
        return found.metrics["last"]["nll"]

    plain, trained = "frozen:mlp:16", "frozen:mlp:16+mlp:8"
    assert loss("fine-tune", plain) == loss("target-only", plain)
    assert loss("fine-tune", trained) != loss("target-only", trained)
    assert loss("multi-task", trained) != loss("target-only", trained)


def test_stages_to_freeze_are_those_of_the_network(project):
    suite = UNEQUAL.replace('"frozen:mlp:16", ', "").replace('"fine-tune", "multi-task", "feature-extraction", ', "")
    assert project.tlbench("run", project.suite(suite)).code == 0
    layer, heads = 16 * 8 + 8, 8 * 3 + 3 + 8 * 2 + 2
    model = project.record("first-stage").model
    assert (model.trainable, model.total, model.feature_dim) == (heads, layer + heads, 8)
