from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from toy_suite import SUITE

from tlbench.errors import TlbenchError
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import latest_host, plugin_host
from tlbench_backbones.frozen.backbone import Features, factory

TEXTS = str(Path(__file__).parents[2] / "text_plugin.py")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("frozen:mlpp:8", "unknown backbone 'mlpp:8'"),
        ("frozen:frozen:mlp:8", "'frozen:mlp:8' is frozen already"),
        ("frozen:mlp:none", "the width 'none' must be a whole number"),
    ],
)
def test_a_backbone_that_cannot_be_frozen_is_refused_before_any_run(project, name, message):
    outcome = project.tlbench("run", project.suite(SUITE.replace("mlp:16", name)))
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_features_are_those_of_the_backbone_in_evaluation_mode():
    inputs = np.random.default_rng(0).integers(0, 256, (70, 1, 16, 16), dtype=np.uint8)
    made = Features("lenet", plugin_host())
    found = made(inputs, "cpu")
    with torch.inference_mode():
        expected = made._network((1, 16, 16), "cpu")(torch.from_numpy(inputs)).numpy()
    assert found.shape == (70, 500)
    assert np.allclose(found, expected, atol=1e-6)
    assert np.array_equal(found, Features("lenet", plugin_host())(inputs, "cpu"))


def test_another_backbone_has_another_revision():
    host = plugin_host()
    assert Features("lenet", host).revision != Features("small-cnn", host).revision
    assert factory.revision("lenet") == factory.revision("lenet")


def test_runs_on_frozen_features_train_heads_alone_and_count_what_the_features_took(project):
    assert project.tlbench("run", project.suite(SUITE.replace("mlp:16", "frozen:mlp:16"))).code == 0
    record = project.record("source-only")
    assert record.model.trainable == 16 * 3 + 3
    assert project.record("feature-extraction").metrics["last"]["accuracy"] > 0.6
    assert record.seconds.shared.data > 0


REMOTE = """
from pathlib import Path

import tlbench


class Remote:
    def __call__(self, input_shape, argument):
        from torch import nn

        Path("ran").touch()
        return tlbench.Backbone([nn.Linear(input_shape[0], 3)], 3)

    def check(self, argument):
        Path("ran").touch()

    def runs_remote_code(self, argument):
        return True


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("remote:", Remote())
"""


def test_code_from_the_network_makes_features_only_where_the_whole_name_is_trusted(project):
    plugin = project.write("remote.py", REMOTE)
    both = project.suite(SUITE.replace('"mlp:16"', '"frozen:remote:net", "remote:net"'), "both.toml")
    outcome = project.tlbench("run", both, "--plugin", plugin, "--trust-remote-code", "remote:net")
    assert outcome.code == 2
    assert "backbone 'frozen:remote:net': it runs code from the network" in outcome.err
    assert "say --trust-remote-code 'frozen:remote:net'" in outcome.err

    (project.folder / "ran").unlink()
    suite = project.suite(SUITE.replace("mlp:16", "frozen:remote:net"))
    assert project.tlbench("run", suite, "--plugin", plugin).code == 2
    assert not (project.folder / "ran").exists()
    with pytest.raises(TlbenchError, match="say --trust-remote-code 'frozen:remote:net'"):
        preparation_of("frozen:remote:net", latest_host())

    outcome = project.tlbench("run", suite, "--plugin", plugin, "--trust-remote-code", "frozen:remote:net")
    assert outcome.code == 0, outcome.err
    assert (project.folder / "ran").exists()
    assert project.record("oracle").provenance["trusted_remote_code"] == ["frozen:remote:net"]


def test_texts_can_be_read_by_the_frozen_backbone(project):
    text = (
        SUITE.replace('dataset = "toy"', 'dataset = "reviews"')
        .replace("mlp:16", "frozen:words")
        .replace("a:b", "films:knives")
    )
    outcome = project.tlbench("run", project.suite(text), "--plugin", TEXTS, plugin=False)
    assert outcome.code == 0, outcome.err
    assert "'frozen:mlp:16' takes none" in project.tlbench(
        "run", project.suite(text.replace("frozen:words", "frozen:mlp:16")), "--plugin", TEXTS, plugin=False
    ).err  # fmt: skip
