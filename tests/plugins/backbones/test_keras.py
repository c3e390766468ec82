"""Networks of keras.applications with random weights; no test takes anything from a network."""

from __future__ import annotations

import copy
import importlib.util
import os
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tlbench.errors import TlbenchError
from tlbench_backbones.keras.factory import factory
from tlbench_backbones.keras.torch_backend import import_keras

if importlib.util.find_spec("keras") is None:
    pytest.skip("keras is not installed: pip install 'tlbench[keras]'", allow_module_level=True)
keras = import_keras()

SMALL = "MobileNet?weights=none&alpha=0.25"


def make(argument=SMALL, shape=(3, 32, 32), seed=0, **options):
    torch.manual_seed(seed)
    return factory(shape, argument, **options)


def images(*shape):
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def same(one, other):
    weights = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in weights)


# ---- what cannot be had ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("VGG61", r"keras\.applications has no network 'VGG61'; did you mean 'VGG"),
        ("MobileNet?weights=none&alhpa=0.25", "keras.applications.MobileNet cannot be made with alhpa=0.25: TypeError"),
        ("NASNetMobile?weights=none", "NASNetMobile cannot be made with no argument: ValueError"),
    ],
)
def test_what_cannot_be_had_is_told_before_a_run(argument, message):
    with pytest.raises(TlbenchError, match=message):
        factory.check(argument)


def test_vectors_are_refused():
    with pytest.raises(TlbenchError, match="'keras:MobileNet' takes images"):
        make(shape=(6,))


def offline(*given, **keywords):
    raise OSError("URL fetch failure")


def test_without_a_network_one_is_told_where_the_weights_belong(monkeypatch):
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", offline)
    with pytest.raises(TlbenchError) as caught:
        factory.check("MobileNet")
    message = str(caught.value)
    assert "cannot load the ImageNet weights of 'MobileNet': OSError: URL fetch failure" in message
    assert "models of KERAS_HOME" in message
    assert "say keras:MobileNet?weights=none for random weights" in message


def test_a_wrong_argument_is_told_before_missing_weights(monkeypatch):
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", offline)
    with pytest.raises(TlbenchError, match="cannot be made with alhpa=1: TypeError"):
        factory.check("MobileNet?alhpa=1")


def test_another_backend_that_was_imported_before_is_an_error(monkeypatch):
    other = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "tensorflow"))
    monkeypatch.setitem(sys.modules, "keras", other)
    with pytest.raises(TlbenchError, match=r"backend 'tensorflow', .* set KERAS_BACKEND=torch in the environment"):
        import_keras()


# ---- weights -----------------------------------------------------------------------------------------------------


def test_torchs_seed_decides_the_weights_and_nothing_else_does_or_is_touched():
    random.seed(1)
    np.random.seed(1)
    first = make()
    after = random.random(), np.random.rand(), torch.rand(1)
    random.seed(1)
    np.random.seed(1)
    assert (random.random(), np.random.rand()) == after[:2]
    random.seed(2)
    second = make()
    assert torch.equal(torch.rand(1), after[2])
    assert first.state_dict().keys() == second.state_dict().keys()
    assert same(first, second)
    assert not same(first, make(seed=1))


def test_weights_are_parameters_and_statistics_are_buffers_each_there_once():
    backbone = make()
    variables = backbone.network.variables
    assert len(backbone.state_dict()) == len(variables)
    held = {id(tensor) for tensor in (*backbone.parameters(), *backbone.buffers())}
    assert held == {id(variable.value) for variable in variables}
    assert {name.rpartition("_")[2] for name, _ in backbone.named_buffers()} == {"mean", "variance"}


def test_weights_that_are_loaded_are_those_that_compute():
    one, other = make(seed=0).eval(), make(seed=1).eval()
    batch = images(2, 3, 32, 32)
    assert not torch.equal(one(batch), other(batch))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(batch), other(batch))


def test_moving_a_backbone_moves_what_computes():
    backbone = make().to(torch.float64)
    assert {variable.value.dtype for variable in backbone.network.variables} == {torch.float64}
    held = {id(tensor) for tensor in (*backbone.parameters(), *backbone.buffers())}
    assert held == {id(variable.value) for variable in backbone.network.variables}


def test_a_copy_has_weights_and_modes_of_its_own():
    backbone = make()
    backbone.stages[0].eval().requires_grad_(False)
    state = torch.get_rng_state()
    copied = copy.deepcopy(backbone)
    assert torch.equal(torch.get_rng_state(), state)
    assert same(copied, backbone)
    assert [stage.training for stage in copied.stages] == [stage.training for stage in backbone.stages]
    assert [p.requires_grad for p in copied.parameters()] == [p.requires_grad for p in backbone.parameters()]
    backbone(images(4, 3, 32, 32))
    assert not same(copied, backbone)


# ---- features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("MobileNet", "mobilenet"),
        ("VGG16", "vgg16"),
        ("ResNet50V2", "resnet_v2"),
        ("MobileNetV3Small", "mobilenet_v3"),
    ],
)
def test_features_are_those_of_kerass_own_model_and_preprocessing(name, family):
    backbone = make(f"{name}?weights=none").eval()
    batch = images(2, 3, 32, 32)
    family = getattr(keras.applications, family)
    pixels = batch.permute(0, 2, 3, 1).numpy().astype(np.float32)
    with torch.no_grad():
        expected = backbone.network(family.preprocess_input(pixels), training=False)
        assert torch.allclose(backbone(batch), expected, atol=1e-4, rtol=1e-4)
    assert backbone.feature_dim == expected.shape[1]


@pytest.mark.parametrize(
    ("argument", "shape", "size"),
    [
        (SMALL, (1, 16, 40), (32, 40)),
        (SMALL, (3, 48, 48), (48, 48)),
        (f"{SMALL}&img_size=64&pooling=max", (3, 16, 16), (64, 64)),
    ],
)
def test_images_are_enlarged_to_what_the_network_takes_or_have_the_size_of_the_name(argument, shape, size):
    backbone = make(argument, shape)
    batch = images(2, *shape)
    assert backbone.preprocess(batch).shape == (2, 3, *size)
    assert backbone(batch).shape == (2, backbone.feature_dim)


def test_stages_are_the_resolutions():
    assert [len(list(stage.parameters())) for stage in make("VGG16?weights=none").stages] == [4, 4, 6, 6, 6]


def test_a_frozen_stage_keeps_weights_and_statistics_and_the_others_train():
    backbone = make().train()
    backbone.stages[0].eval().requires_grad_(False)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in backbone.parameters() if p.requires_grad], lr=0.1)
    backbone(images(8, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    moved = {name for name, value in backbone.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[1] for name in moved} == {"1", "2", "3", "4"}
    assert any("moving_mean" in name for name in moved)


def test_evaluation_changes_nothing_and_gives_the_same_in_parts():
    backbone = make().eval()
    before = copy.deepcopy(backbone)
    batch = images(70, 3, 32, 32)
    with torch.no_grad():
        parts = backbone(batch)
    assert torch.allclose(parts, backbone(batch), atol=1e-5)
    assert same(backbone, before)


# ---- a suite -----------------------------------------------------------------------------------------------------

SUITE = """
name = "keras"
dataset = "digits"
backbones = ["keras:MobileNet?weights=none&alpha=0.25"]
seeds = [0]

[budget]
steps = 2
batch_size = 8
checkpoints = 1

[[part]]
setting = "{setting}"
pairs = ["{pair}"]
strategies = ["feature-extraction"]
"""


def test_a_suite_runs_in_forked_processes(project):
    suite = project.suite(SUITE.format(setting="transductive", pair="uci:uci_m"))
    outcome = project.tlbench("run", suite, "--strategy", "source-only", plugin=False)
    assert outcome.code == 0, outcome.err
    record = project.record("source-only", "keras")
    assert (record.status, record.model.feature_dim) == ("ok", 256)
    assert "keras" in record.provenance["libraries"]


def test_random_weights_are_no_source(project):
    outcome = project.tlbench(
        "plan", project.suite(SUITE.format(setting="unsupervised", pair="weights:uci")), plugin=False
    )
    assert outcome.code == 2
    assert "the backbone 'keras:MobileNet?weights=none&alpha=0.25' has no pretrained weights" in outcome.err


def test_what_is_imported_before_forks_has_torch_whatever_the_environment_says_and_starts_no_thread(tmp_path):
    code = (
        "import importlib, sys, threading; from tlbench_backbones.keras.factory import factory; "
        "loaded = [importlib.import_module(name) for name in factory.imports]; keras = sys.modules['keras']; "
        "print(keras.backend.backend(), keras.config.image_data_format(), keras.config.floatx(), "
        "threading.active_count())"
    )
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first", "floatx": "float16"}')
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["torch", "channels_last", "float32", "1"]
