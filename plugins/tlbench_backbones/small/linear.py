"""No network at all: with a linear head on the inputs themselves, every strategy is one on a linear model."""

from __future__ import annotations

from math import prod

from torch import nn

from tlbench.core.backbone import Backbone


class Factory:
    """Makes the backbone `linear`."""

    def __call__(self, input_shape: tuple[int, ...]) -> Backbone:
        """Features are the inputs, flattened (images scaled to [-1, 1]); one stage."""
        return Backbone([nn.Flatten()], prod(input_shape))

    def has_parameters(self) -> bool:
        """None of its own, so that training on a source leaves nothing in it."""
        return False


#: What is registered.
linear = Factory()
