"""The suite's optimiser over a strategy's groups of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from tlbench.core.model import TransferModel
from tlbench.core.run_spec import Training
from tlbench.core.updates import ParameterGroup


def by_part(model: TransferModel, groups: Sequence[ParameterGroup], backbone_lr: float) -> list[ParameterGroup]:
    """The groups with those parameters apart that the backbone has, at `backbone_lr` of the group's rate."""
    backbone = {id(parameter) for parameter in model.backbone.parameters()}
    parted: list[ParameterGroup] = []
    for group in groups:
        every = list(group.parameters)
        inside = [each for each in every if id(each) in backbone]
        outside = [each for each in every if id(each) not in backbone]
        parted.append(ParameterGroup(inside, group.lr * backbone_lr, group.weight_decay))
        parted.append(ParameterGroup(outside, group.lr, group.weight_decay))
    return parted


def make_optimizer(recipe: Training, groups: Sequence[ParameterGroup]) -> torch.optim.Optimizer:
    """The optimiser of the recipe; parameters that do not learn are left out.

    It is the fused form, which updates all of a group's parameters in one pass over memory, where all are on one
    device and in one of the types that it knows.
    """
    settings = [setting for group in groups if (setting := _setting(recipe, group))["params"]]
    fused = all(_can_fuse(parameter) for setting in settings for parameter in setting["params"])
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            settings,
            lr=recipe.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            fused=fused,
        )
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(settings, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=fused)


def _setting(recipe: Training, group: ParameterGroup) -> dict[str, Any]:
    params = [parameter for parameter in group.parameters if parameter.requires_grad]
    own = {} if group.weight_decay is None else {"weight_decay": group.weight_decay}
    return {"params": params, "lr": recipe.lr * group.lr, **own}


def _can_fuse(parameter: nn.Parameter) -> bool:
    return parameter.is_floating_point() and parameter.device.type in ("cpu", "cuda") and not parameter.is_sparse
