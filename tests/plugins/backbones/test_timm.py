"""Networks of timm with random or local weights; no test takes anything from a network."""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.errors import TlbenchError
from tlbench.training.toolkit import Toolkit
from tlbench_backbones.timm.factory import factory
from tlbench_strategies.fine_tuning.fine_tune import FineTune

timm = pytest.importorskip("timm", reason="timm is not installed: pip install 'tlbench[hub]'")

#: Each family names its head, its pooling and its layers in its own way.
FAMILIES = [
    *("test_resnet", "test_vit", "test_vit2", "test_convnext", "test_efficientnet", "test_byobnet", "test_nfnet"),
    *("mobilenetv2_035", "mobilenetv3_small_050", "regnetx_002", "densenet121", "mixer_s32_224"),
    *("deit_tiny_distilled_patch16_224", "swin_tiny_patch4_window7_224"),
]
MIRROR = os.environ.get("TLBENCH_DATA")
MOBILENET = Path(MIRROR or "") / "weights-mobilenet-tf" / "mobilenetv2_100_tf_in1k.safetensors"
TF = "pad_type=same&mean=0.5&std=0.5"


def make(argument, shape=(3, 160, 160), pretrained=False):
    torch.manual_seed(0)
    return factory(shape, argument, pretrained=pretrained).eval()


def images(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8))


def saved(model, path):
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    return path


@pytest.fixture
def weights(tmp_path):
    """A local file with the whole of a small network, head included."""
    torch.manual_seed(1)
    return saved(timm.create_model("test_resnet"), tmp_path / "weights.safetensors")


# ---- what cannot be had ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("resnet81", "timm has no model 'resnet81'; did you mean 'resnet"),
        ("test_resnet.a9", r"'test_resnet' has no weights 'a9'; it has test_resnet\.r160_in1k"),
        ("test_resnet?pad=same@{file}", "'test_resnet' cannot be made with pad=same: TypeError"),
        ("test_vit@{file}", r"does not fit the timm model 'test_vit': \d+ of its weights are missing, as .*; \d+ of"),
        ("test_resnet?stem_width=24@{file}", r"of its weights are of another shape, as conv1\.\S+ is \("),
        ("test_resnet@{file}.gone.safetensors", "does not exist"),
    ],
)
def test_what_cannot_be_had_is_told_before_a_run(weights, argument, message):
    with pytest.raises(TlbenchError, match=message):
        factory.check(argument.format(file=weights))


def test_a_damaged_file_is_named(weights):
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(TlbenchError, match=r"the weight file '.*weights\.safetensors'.*; where it was cut short, get"):
        factory.check(f"test_resnet@{weights}")


def test_a_hub_that_cannot_be_reached_is_told_once(monkeypatch, capsys):
    def unreached(*_, **__):
        logging.getLogger("huggingface_hub.utils._http").warning("thrown while requesting")
        raise ConnectionError("no network")

    monkeypatch.setattr(timm.models._builder, "load_pretrained", unreached)
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(TlbenchError, match=r"no network.*name it: timm:test_resnet@FILE\.safetensors"):
            factory.check("test_resnet")
    finally:
        logging.getLogger().removeHandler(handler)
    assert capsys.readouterr().err == ""


def test_a_file_that_lacks_one_weight_is_refused_and_one_without_a_head_is_not(weights):
    content = load_file(weights)
    save_file({name: value for name, value in content.items() if not name.startswith("fc.")}, weights)
    factory.check(f"test_resnet@{weights}")
    content.pop("layer1.0.conv1.weight")
    save_file(content, weights)
    with pytest.raises(TlbenchError, match=r"1 of its weights are missing, as layer1\.0\.conv1\.weight"):
        factory.check(f"test_resnet@{weights}")


def test_without_a_network_one_is_told_to_bring_the_file(project, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(project.folder / "hub"))
    suite = project.suite(SUITE.format(backbone="timm:test_resnet", pair="uci:uci_m"))
    process = project.start("run", suite)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "timm cannot load its weights for 'test_resnet' from 'timm/test_resnet.r160_in1k'" in err
    assert "name it: timm:test_resnet@FILE.safetensors" in err
    assert "Traceback" not in err
    assert not (project.folder / "results").exists()


def test_vectors_and_two_channels_are_refused():
    for shape in ((6,), (2, 32, 32)):
        with pytest.raises(TlbenchError, match="'timm:test_resnet' takes images"):
            make("test_resnet", shape)


# ---- features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
def test_features_are_what_the_classifier_is_given_and_stages_are_all_of_the_network(name):
    config = timm.get_pretrained_cfg(name)
    shape = config.input_size if config.fixed_input_size else (3, 64, 64)
    backbone = make(name, shape)
    batch = images(2, *shape)
    with torch.no_grad():
        features = backbone(batch)
        prepared = backbone.preprocess(batch)
        expected = backbone.network.forward_head(backbone.network.forward_features(prepared), pre_logits=True)
    assert features.shape == (2, backbone.feature_dim)
    assert torch.allclose(features, expected, atol=1e-5)
    staged = [id(parameter) for stage in backbone.stages for parameter in stage.parameters()]
    assert len(staged) == len(set(staged)) > 0
    assert set(staged) == {id(parameter) for parameter in backbone.parameters()}
    assert len(backbone.stages) > 1
    first = next(backbone.network.named_parameters())[1]
    assert any(first is parameter for parameter in backbone.stages[0].parameters())


def test_stages_are_the_stem_and_then_the_stages_of_a_cnn_or_the_blocks_of_a_vit():
    resnet, vit = make("test_resnet"), make("test_vit")
    assert len(resnet.stages) == 1 + 4
    assert len(vit.stages) == 1 + len(vit.network.blocks)
    stem = {id(parameter) for parameter in vit.stages[0].parameters()}
    assert {id(vit.network.cls_token), id(vit.network.pos_embed)} <= stem


def test_weights_are_there_once():
    backbone = make("test_resnet")
    assert backbone.state_dict().keys() == {f"network.{name}" for name in backbone.network.state_dict()}
    assert len(list(backbone.parameters())) == len(list(backbone.network.parameters()))


def test_the_stages_of_a_copy_are_the_copys():
    backbone = make("test_vit")
    copied = copy.deepcopy(backbone)
    for stage in copied.stages:
        stage.requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in copied.parameters())
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_large_batches_go_in_parts_where_no_gradient_is_taken_and_give_the_same():
    backbone = make("test_resnet?img_size=32")
    batch = images(150, 3, 32, 32)
    with torch.no_grad():
        parts = backbone(batch)
    assert torch.allclose(parts, backbone(batch).detach(), atol=1e-5)


# ---- images ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "shape", "size"),
    [
        ("test_resnet", (3, 96, 128), (96, 128)),
        ("test_resnet", (1, 16, 16), (160, 160)),
        ("test_resnet?img_size=64", (1, 16, 16), (64, 64)),
        ("test_vit", (3, 96, 96), (160, 160)),
        ("test_vit?img_size=96", (3, 96, 96), (96, 96)),
    ],
)
def test_images_are_resized_where_the_model_needs_it_or_the_name_says_so(argument, shape, size):
    backbone = make(argument, shape)
    batch = images(2, *shape)
    assert backbone.preprocess(batch).shape == (2, 3, *size)
    assert backbone(batch).shape == (2, backbone.feature_dim)


def test_a_size_that_the_model_cannot_take_is_named():
    with pytest.raises(TlbenchError, match=r"test_vit' (does not take images of|cannot be made with img_size=3)"):
        make("test_vit?img_size=3")


def test_a_grey_image_is_one_of_three_equal_channels():
    backbone = make("test_resnet", (1, 64, 64))
    batch = images(2, 1, 64, 64)
    assert torch.equal(backbone(batch), backbone(batch.expand(-1, 3, -1, -1)))


def test_mean_and_deviation_are_the_models_or_those_of_the_name():
    batch = images(2, 3, 64, 64)
    config = timm.data.resolve_model_data_config(timm.create_model("test_resnet"))
    mean, std = (torch.tensor(config[name]).reshape(1, 3, 1, 1) for name in ("mean", "std"))
    assert torch.allclose(make("test_resnet", (3, 64, 64)).preprocess(batch), (batch / 255 - mean) / std, atol=1e-5)
    assert torch.allclose(make(f"mobilenetv2_035?{TF}", (3, 64, 64)).preprocess(batch), batch / 127.5 - 1, atol=1e-5)


# ---- local weights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "pixels", "features"), [(160, 1e-5, 1e-4), (120, 0.03, 0.05), (240, 0.03, 0.05)])
def test_local_weights_give_the_features_of_timms_own_model_and_transform(tmp_path, side, pixels, features):
    """At other sizes PIL rounds between its two passes, and so a pixel may differ by one of 255."""
    from PIL import Image

    torch.manual_seed(1)
    model = timm.create_model("test_vit").eval()
    backbone = make(f"test_vit@{saved(model, tmp_path / 'vit.safetensors')}", (3, side, side), pretrained=True)
    smooth = torch.nn.functional.interpolate(images(1, 3, 12, 12).float(), (side, side), mode="bilinear")
    batch = smooth.round().to(torch.uint8)
    config = {**timm.data.resolve_model_data_config(model), "crop_pct": 1.0}
    transform = timm.data.create_transform(**config)
    prepared = transform(Image.fromarray(batch[0].permute(1, 2, 0).numpy())).unsqueeze(0)
    assert (backbone.preprocess(batch) - prepared).abs().max() < pixels
    with torch.no_grad():
        expected = model.forward_head(model.forward_features(prepared), pre_logits=True)
        assert (backbone(batch) - expected).abs().max() < features * expected.abs().max()


def test_without_pretrained_the_weights_are_random_and_the_file_is_not_read(weights):
    loaded, random = make(f"test_resnet@{weights}", pretrained=True), make(f"test_resnet@{weights}")
    first = load_file(weights)["conv1.0.weight"]
    own = [next(backbone.network.parameters()) for backbone in (loaded, random)]
    assert torch.equal(own[0], first)
    assert not torch.equal(own[1], first)
    weights.unlink()
    make(f"test_resnet@{weights}")


def test_the_revision_of_timms_own_weights_names_model_and_tag():
    assert factory.revision("test_resnet") == "timm/test_resnet.r160_in1k"
    assert factory.revision("test_resnet?img_size=64") == factory.revision("test_resnet.r160_in1k")


@pytest.mark.skipif(not MIRROR, reason="TLBENCH_DATA names no mirror of real data")
def test_the_mirrors_mobilenet_loads_strictly_and_tells_classes_apart():
    """Features at 96 pixels; the logits of the whole model, computed from them by the file's classifier, are timm's."""
    assert MOBILENET.is_file()
    argument = f"mobilenetv2_100?{TF}@{MOBILENET}"
    factory.check(argument)
    backbone = make(argument, (3, 96, 96), pretrained=True)
    assert (backbone.feature_dim, backbone.size) == (1280, (96, 96))
    weights = load_file(MOBILENET)
    model = timm.create_model("mobilenetv2_100", pad_type="same").eval()
    model.load_state_dict(weights, strict=True)
    batch = images(4, 3, 96, 96)
    with torch.no_grad():
        logits = backbone(batch) @ weights["classifier.weight"].float().T + weights["classifier.bias"].float()
        assert torch.allclose(logits, model(batch / 127.5 - 1), atol=1e-3)


# ---- training ----------------------------------------------------------------------------------------------------


def task(side=32):
    labels = np.arange(24) % 3
    examples = Examples(images(24, 3, side, side).numpy(), labels.astype(np.int64))
    source = SourceView("s", ("x", "y", "z"), examples, examples)
    target = TargetView("t", ("x", "y", "z"), examples.inputs, np.arange(9), examples.labels[:9])
    return TransferTask("inductive", 3, (source,), target, (3, side, side), 0)


@pytest.mark.parametrize("freeze", [2, "backbone"])
def test_frozen_stages_keep_weights_and_batch_norm_statistics_bit_for_bit(freeze):
    def toolkit():
        make_backbone = lambda: factory((3, 32, 32), "test_resnet", pretrained=False)  # noqa: E731
        return Toolkit(make_backbone, Budget(steps=3, batch_size=8), Training(lr=0.1), "cpu", None, lambda *_: None)

    class Alone(FineTune):
        start = "backbone"

    before = toolkit().new_model(task()).state_dict()
    model = Alone(Alone.Params(freeze=freeze)).fit(task(), toolkit()).model
    after = model.state_dict()
    changed = {
        name.partition(".network.")[2].split(".")[0] for name in before if not torch.equal(before[name], after[name])
    }
    moved = changed - {""}
    assert moved == (set() if freeze == "backbone" else {"layer2", "layer3", "layer4"})
    assert any("running_mean" in name for name in before)
    assert not model.backbone.network.layer1.training


# ---- a suite -----------------------------------------------------------------------------------------------------

SUITE = """
name = "timm"
dataset = "digits"
backbones = ["{backbone}"]
seeds = [0]

[budget]
steps = 4
batch_size = 8
checkpoints = 1

[[part]]
setting = "inductive"
shots = 2
pairs = ["{pair}"]
strategies = ["feature-extraction", "fine-tune"]
"""


def test_weights_of_a_local_file_are_a_source_against_random_weights(project, weights):
    backbone = f"timm:test_resnet?img_size=32@{weights}"
    text = SUITE.format(backbone=backbone, pair="weights:uci")
    outcome = project.tlbench("run", project.suite(text), plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("timm")
    assert {record.status for record in records} == {"ok"}
    assert {record.spec.initial for record in records} == {"own", "random"}
    assert {record.spec.backbone_version.partition("+sha256:")[2] for record in records} == {
        factory.revision(f"test_resnet@{weights}").removeprefix("sha256:")
    }
    torch.manual_seed(2)
    saved(timm.create_model("test_resnet"), weights)
    plan = json.loads(project.tlbench("plan", "suite.toml", "--json", plugin=False).out)
    assert (plan["runs"], plan["done"]) == (len(records), 0)
