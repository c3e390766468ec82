"""No network at all: with a linear head on the inputs themselves, every strategy is one on a linear model."""

from __future__ import annotations

from math import prod

from torch import nn

from tlbench.core.backbone import Backbone


def linear(input_shape: tuple[int, ...]) -> Backbone:
    """Features are the inputs, flattened (images scaled to [-1, 1]); one stage, and no parameter of its own."""
    return Backbone([nn.Flatten()], prod(input_shape))
