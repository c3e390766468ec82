from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench.errors import TlbenchError
from tlbench_backbones.mobilenet_tf import factory


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
