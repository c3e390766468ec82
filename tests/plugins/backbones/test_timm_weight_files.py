"""`timm:NAME@FILE` with files that were trained at another image size, or that programs wrote around the network."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

timm = pytest.importorskip("timm")

from timm.layers import resample_abs_pos_embed  # noqa: E402

from tlbench.errors import TlbenchError  # noqa: E402
from tlbench_backbones.timm.factory import factory  # noqa: E402

SHAPE = (3, 32, 32)
SUITE = """
name = "vit"
dataset = "digits"
backbones = ["{backbone}"]
seeds = [0]

[budget]
steps = 2
batch_size = 4
checkpoints = 1

[[part]]
setting = "inductive"
shots = 2
pairs = ["weights:uci"]
strategies = ["feature-extraction"]
"""


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    """A ViT for images of 160 pixels, with its classifier, and its file."""
    torch.manual_seed(0)
    network = timm.create_model("test_vit", num_classes=5)
    file = tmp_path_factory.mktemp("vit") / "vit.safetensors"
    save_file(network.state_dict(), file)
    return network, file


@pytest.mark.parametrize("side", [96, 160, 224])
def test_position_embeddings_are_resampled_as_timm_does(vit, side):
    network, file = vit
    backbone = factory(SHAPE, f"test_vit?img_size={side}@{file}")
    grid = backbone.network.patch_embed.grid_size
    expected = resample_abs_pos_embed(network.pos_embed, grid, num_prefix_tokens=network.num_prefix_tokens)
    assert torch.equal(backbone.network.pos_embed, expected)
    assert torch.equal(backbone.network.blocks[0].attn.qkv.weight, network.blocks[0].attn.qkv.weight)
    before, after = tuple(network.pos_embed.shape), tuple(expected.shape)
    assert (f"pos_embed from {before} to {after}" in " ".join(backbone.notes)) == (side != 160)


def test_behind_a_prefix_and_within_a_checkpoint_too(vit, tmp_path):
    network, _ = vit
    content = {f"module.backbone.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": content, "epoch": 1}, tmp_path / "c.pth")
    notes = factory.check(f"test_vit?img_size=96@{tmp_path / 'c.pth'}")
    assert notes[0] == "the weights are the file's entry 'state_dict'"
    assert notes[1] == "the prefix 'module.backbone.' of the file's keys was taken off"
    assert notes[2].startswith("the file is of a network for images of another size")
    backbone = factory(SHAPE, f"test_vit?img_size=96@{tmp_path / 'c.pth'}")
    assert torch.equal(backbone.network.patch_embed.proj.weight, network.patch_embed.proj.weight)


def test_a_vit_of_another_width_is_refused_with_the_shapes(vit):
    _, file = vit
    with pytest.raises(TlbenchError, match=r"of another shape, as \S+ is \(.* is of the same network with other sizes"):
        factory.check(f"test_vit?embed_dim=32@{file}")


def test_plan_says_what_was_done(project, vit):
    network, _ = vit
    content = {f"module.{key}": value for key, value in network.state_dict().items()}
    save_file(content, project.folder / "vit.safetensors")
    name = "timm:test_vit?img_size=64@vit.safetensors"
    outcome = project.tlbench("plan", project.suite(SUITE.format(backbone=name)), plugin=False)
    assert outcome.code == 0, outcome.err
    assert f"backbone {name!r}: the prefix 'module.' of the file's keys was taken off" in outcome.err
    assert f"backbone {name!r}: the file is of a network for images of another size" in outcome.err
