"""Layers that strategies share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradient, None


def reverse_gradient(inputs: Tensor, weight: float) -> Tensor:
    """The identity, whose gradient is multiplied by −`weight` (Ganin et al. 2016, eq. 16–17).

    Paper: https://jmlr.org/papers/v17/15-239.html
    """
    reversed_inputs: Tensor = _Reverse.apply(inputs, weight)
    return reversed_inputs
