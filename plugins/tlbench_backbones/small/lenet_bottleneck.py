"""`lenet:WIDTH`: LeNet and a bottleneck on its features, as in the digits example of the Transfer-Learning-Library.

    lenet:256

https://github.com/thuml/Transfer-Learning-Library

The bottleneck is a dense layer, batch norm and ReLU, a stage of its own after the three of `lenet`. Batch norm takes
its statistics from whatever passes together, so a strategy decides whether two domains share them.
"""

from __future__ import annotations

from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.errors import TlbenchError
from tlbench_backbones.small.lenet import FEATURES, lenet


class Factory:
    """Makes `lenet:` backbones, and says before any training whether it can."""

    def __call__(self, input_shape: tuple[int, ...], argument: str) -> Backbone:
        """For images (1 or 3, height, width) from 16 pixels; features are (n, WIDTH)."""
        width = parse(argument)
        network = lenet(input_shape)
        network.stages.append(nn.Sequential(nn.Linear(FEATURES, width), nn.BatchNorm1d(width), nn.ReLU()))
        network.feature_dim = width
        return network

    def check(self, argument: str) -> None:
        """Raises `TlbenchError` for an argument of another form."""
        parse(argument)


#: What is registered.
factory = Factory()


def parse(argument: str) -> int:
    """The width of the bottleneck. Raises `TlbenchError` for what is none."""
    if not argument.isdecimal() or int(argument) < 1:
        message = f"the width {argument!r} must be a whole number from 1"
        raise TlbenchError(f"{message}; write lenet:WIDTH, as in lenet:256, or lenet for no bottleneck")
    return int(argument)
