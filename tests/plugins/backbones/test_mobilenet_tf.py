from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench.errors import PluginFailure, TlbenchError
from tlbench.plugins.manager import plugin_host
from tlbench_backbones.timm.mobilenet_tf import factory


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("size=64", "unknown option of mobilenetv2-tf 'size'; did you mean 'img_size'"),
        ("img_size=0", "img_size=0: it must be a whole number of pixels from 1"),
        ("img_size=big", "img_size=big: it must be a whole number"),
        ("img_size=64&interpolation=area", "it must be one of bicubic, bilinear, nearest"),
        ("img_size", "'img_size' is no key=value; write mobilenetv2-tf\\?img_size=64"),
        ("img_size=64@other.safetensors", "takes no @FILE"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_before_any_file_is_read(options, message):
    with pytest.raises(TlbenchError, match=message):
        factory((1, 28, 28), options, pretrained=False)


def test_a_question_mark_without_an_option_is_refused():
    with pytest.raises(PluginFailure, match=r"needs something after the question mark.*img_size=64"):
        plugin_host().find("backbones", "mobilenetv2-tf?")


def test_weights_that_are_not_there_are_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("TLBENCH_DATA", str(tmp_path))
    with pytest.raises(TlbenchError, match="mobilenetv2_100_tf_in1k") as raised:
        factory.check()
    assert "timm:mobilenetv2_100" in str(raised.value)


def test_real_weights_are_loaded_strictly_and_tell_a_dark_image_from_a_bright_one(mirror):
    pytest.importorskip("timm")
    factory.check()
    assert factory.revision().startswith("sha256:")
    backbone = factory((3, 96, 96)).eval()
    images = torch.from_numpy(np.stack([np.full((3, 96, 96), value, np.uint8) for value in (10, 240)]))
    with torch.inference_mode():
        dark, bright = backbone(images)
    assert backbone.feature_dim == 1280
    assert not torch.allclose(dark, bright)
    assert float(dark.min()) >= 0.0
    assert float(torch.cat([dark, bright]).max()) <= 6.0


def test_the_option_of_size_enlarges_grey_images_inside_the_network(monkeypatch):
    pytest.importorskip("timm")
    backbone = factory((1, 28, 28), "img_size=64&interpolation=bilinear", pretrained=False).eval()
    seen = []
    monkeypatch.setattr(backbone, "extract", lambda images: seen.append(images) or images.flatten(1))
    flat = torch.full((2, 1, 28, 28), 255, dtype=torch.uint8)
    backbone(flat)
    (images,) = seen
    assert images.shape == (2, 3, 64, 64)
    assert torch.allclose(images, torch.ones(()))  # white is 1 in each of three channels, enlarged or not


def test_the_plain_name_and_one_with_a_size_have_the_weights_of_the_same_file(mirror):
    pytest.importorskip("timm")
    entry, options = plugin_host().find("backbones", "mobilenetv2-tf?img_size=64")
    assert options == "img_size=64"
    sized = entry.load()
    sized.check(options)
    assert sized.revision(options) == factory.revision()
    plain = factory((3, 96, 96)).state_dict()
    assert all(torch.equal(plain[name], weight) for name, weight in sized((1, 28, 28), options).state_dict().items())
