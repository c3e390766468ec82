"""The exponential moving average of a module's weights, such as a teacher's."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, decay: float, *, buffers: bool = True) -> None:
    """Average ← decay · average + (1 − decay) · module, for parameters and buffers; counters are copied.

    Both have the same parts. Without `buffers` these are left as they are, as for an average that normalises by
    statistics of its own. Call it from `after_step`.
    """
    now = module.state_dict() if buffers else dict(module.named_parameters())
    for name, mean in (average.state_dict() if buffers else dict(average.named_parameters())).items():
        if mean.is_floating_point():
            mean.lerp_(now[name].to(mean.dtype), 1 - decay)
        else:
            mean.copy_(now[name])


def decay_at(step: int, decay: float) -> float:
    """The decay of step 1, 2, …: that of a plain mean of all steps so far, until it reaches `decay`.

    So the start, which is of no step, is forgotten at once, as in the code of Tarvainen and Valpola (2017).
    """
    return min(1 - 1 / step, decay)
