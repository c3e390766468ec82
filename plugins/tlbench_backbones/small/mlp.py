"""One hidden layer: `mlp:WIDTH[:ACTIVATION]`.

    mlp:100              100 units with ReLU
    mlp:100:sigmoid      as in the shallow network of Ganin et al. (JMLR 2016, section 5.1)
    mlp:50:tanh

https://jmlr.org/papers/v17/15-239.html
"""

from __future__ import annotations

from math import prod

from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.errors import TlbenchError, unknown

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
DEFAULT = "relu"
FORM = "write mlp:WIDTH, as in mlp:100, or mlp:WIDTH:ACTIVATION, as in mlp:100:sigmoid"


class Factory:
    """Makes `mlp:` backbones, and says before any training whether it can."""

    def __call__(self, input_shape: tuple[int, ...], argument: str) -> Backbone:
        """A hidden layer on the inputs, flattened."""
        width, activation = parse(argument)
        layer = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), width), ACTIVATIONS[activation]())
        return Backbone([layer], width)

    def check(self, argument: str) -> None:
        """Raises `TlbenchError` for an argument of another form."""
        parse(argument)


#: What is registered.
factory = Factory()


def parse(argument: str) -> tuple[int, str]:
    """Width and activation. Raises `TlbenchError` for what is neither."""
    width, colon, activation = argument.partition(":")
    if not width.isdecimal() or int(width) < 1:
        raise TlbenchError(f"the width {width!r} must be a whole number from 1; {FORM}")
    if colon and activation not in ACTIVATIONS:
        raise TlbenchError(f"{unknown('activation', activation, ACTIVATIONS)}; {FORM}")
    return int(width), activation if colon else DEFAULT
