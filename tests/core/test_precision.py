from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.core.model import TransferModel
from tlbench.core.precision import use_precision, used_precision


@pytest.fixture(autouse=True)
def _as_before():
    switches = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    yield
    use_precision("float32")
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = switches


class Notes(nn.Linear):
    """A layer that notes the type of what it gives."""

    def forward(self, inputs):
        given = super().forward(inputs)
        self.given = given.dtype
        return given


def model():
    torch.manual_seed(0)
    return TransferModel(Backbone([Notes(64, 32), nn.ReLU()], 32), Notes(32, 3), None)


def results(made, inputs):
    features = made.features(inputs)
    made.head(features).square().mean().backward()
    return features.detach(), made.backbone.stages[0].weight.grad


def test_the_backbone_alone_computes_in_bf16():
    inputs = torch.randn(8, 64)
    expected = results(model(), inputs)
    use_precision("bf16")
    made = model()
    found = results(made, inputs)
    assert (made.backbone.stages[0].given, made.head.given) == (torch.bfloat16, torch.float32)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert not torch.equal(one, other)
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.02)


def test_a_copy_of_a_backbone_computes_in_bf16_with_its_own_weights():
    use_precision("bf16")
    made = copy.deepcopy(model().backbone)
    nn.init.zeros_(made.stages[0].weight)
    nn.init.zeros_(made.stages[0].bias)
    with torch.inference_mode():
        features = made(torch.randn(8, 64))
    assert made.stages[0].given == torch.bfloat16
    assert features.dtype == torch.float32
    assert not features.any()


@pytest.mark.parametrize(("precision", "allowed"), [("float32", False), ("bf16", False), ("tf32", True)])
def test_tf32_is_allowed_where_it_is_asked_for_alone(precision, allowed):
    use_precision(precision)
    assert used_precision() == precision
    assert torch.backends.cuda.matmul.allow_tf32 is allowed
    assert torch.backends.cudnn.allow_tf32 is allowed


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_on_a_cpu_nothing_else_changes_a_bit(precision):
    inputs = torch.randn(8, 64)
    expected = results(model(), inputs)
    use_precision(precision)
    assert all(map(torch.equal, results(model(), inputs), expected))
