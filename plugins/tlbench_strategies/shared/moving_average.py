"""The exponential moving average of a module's weights, such as a teacher's."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Average ← decay · average + (1 − decay) · module, for parameters and buffers; counters are copied.

    Both have the same parts. Call it from `after_step`.
    """
    now = module.state_dict()
    for name, mean in average.state_dict().items():
        if mean.is_floating_point():
            mean.lerp_(now[name].to(mean.dtype), 1 - decay)
        else:
            mean.copy_(now[name])
