"""The checks of a backbone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from tlbench.core.backbone import Backbone
from tlbench.plugins.backbone_factory import make_backbone
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.testing.check import Check, CheckFailed, NotApplicable
from tlbench.testing.plugin_under_test import PluginUnderTest, Row, common_checks
from tlbench.testing.toy_domains import KINDS, made
from tlbench.training.batches import batch_tensor


def checks(subject: PluginUnderTest) -> Iterator[Check]:
    """All checks of a backbone. Its name may have an argument, as `mlp:16`."""
    yield from common_checks(subject)
    yield from subject.each(_ROWS, subject)


def _some(subject: PluginUnderTest) -> tuple[Backbone, torch.Tensor]:
    """The network for the first kind of input that it takes, and some inputs. Raises `NotApplicable` for none."""
    refused = []
    for kind in KINDS:
        inputs: Any = made(kind, "source", 12, 2, 0).inputs
        try:
            preparation = preparation_of(subject.name, subject.host)
            if (kind == "text") != (preparation is not None and preparation.takes_text):
                raise ValueError("texts need a preparation, and it takes texts alone")
            inputs = inputs if preparation is None else preparation(inputs, "cpu")
            torch.manual_seed(0)
            backbone = make_backbone(subject.name, tuple(inputs.shape[1:]), subject.host)
            batch = batch_tensor(inputs, slice(None), "cpu")
            backbone(batch)
        except Exception as error:
            refused.append(f"{kind}: {type(error).__name__}: {error}")
            continue
        return backbone, batch
    raise NotApplicable(f"it takes none of the made-up inputs ({'; '.join(refused)})")


def check_features(subject: PluginUnderTest) -> None:
    """Shape and values."""
    try:
        backbone, batch = _some(subject)
    except NotApplicable as reason:
        raise CheckFailed(f"{reason}; name its argument where it has one, as in `tlbench check mlp:16`") from reason
    if not isinstance(backbone, Backbone):
        raise CheckFailed(f"the factory gave a {type(backbone).__name__}; give a tlbench.Backbone(stages, feature_dim)")
    features = backbone.eval()(batch)
    if features.shape != (len(batch), backbone.feature_dim):
        raise CheckFailed(f"features are {tuple(features.shape)}; ({len(batch)}, {backbone.feature_dim}) was announced")
    if not torch.isfinite(features).all():
        raise CheckFailed("features are not finite; look at its initialisation and at preprocess()")


def check_each_alone(subject: PluginUnderTest) -> None:
    """One by one as all together."""
    backbone, batch = _some(subject)
    with torch.inference_mode():
        together, alone = backbone.eval()(batch), torch.cat([backbone(batch[at : at + 1]) for at in range(len(batch))])
    if not torch.allclose(together, alone, rtol=1e-3, atol=1e-4):
        raise CheckFailed(
            "an example has other features in another batch; normalise by running statistics when evaluated"
        )


def check_initialisation(subject: PluginUnderTest) -> None:
    """The host seeds torch before it asks for the network."""
    first, second = (_some(subject)[0].state_dict() for _ in range(2))
    if any(not torch.equal(first[name], second[name]) for name in first):
        raise CheckFailed("two networks of one seed differ; draw initial weights by torch's own generator")


def check_gradient(subject: PluginUnderTest) -> None:
    """Every weight that asks for a gradient gets one."""
    backbone, batch = _some(subject)
    weights = [(name, weight) for name, weight in backbone.named_parameters() if weight.requires_grad]
    if not weights:
        raise NotApplicable("it has no weights to train")
    backbone.train()(batch).square().sum().backward()
    if without := [name for name, weight in weights if weight.grad is None]:
        raise CheckFailed(f"no gradient reaches {', '.join(without[:3])}; remove them, or set requires_grad_(False)")


def check_head(subject: PluginUnderTest) -> None:
    """Two and seven classes."""
    backbone, batch = _some(subject)
    features = backbone.eval()(batch)
    for classes in (2, 7):
        logits = backbone.head(classes)(features)
        if logits.shape != (len(batch), classes):
            raise CheckFailed(f"head({classes}) gives {tuple(logits.shape)}; ({len(batch)}, {classes}) is expected")


def check_stages(subject: PluginUnderTest) -> None:
    """What is outside the stages could never be frozen."""
    backbone, _ = _some(subject)
    outside = [name for name, _ in backbone.named_parameters() if not name.startswith("stages.")]
    if outside:
        raise CheckFailed(
            f"{', '.join(outside[:3])} belong to no stage; put every weight into one of Backbone(stages, …)"
        )
    if not np.isfinite(backbone.feature_dim) or backbone.feature_dim < 1:
        raise CheckFailed(f"feature_dim is {backbone.feature_dim}")


_ROWS: tuple[Row, ...] = (
    ("features", "finite features (n, feature_dim) of one kind of input at least", check_features),
    ("each-alone", "in evaluation mode an example's features are its own", check_each_alone),
    ("initialisation", "the same seed, the same weights", check_initialisation),
    ("gradient", "the loss reaches it, unless it has no weights", check_gradient),
    ("head", "a classifier for any number of classes", check_head),
    ("stages", "stages that can be frozen hold all its weights", check_stages),
)
