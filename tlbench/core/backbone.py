"""What a backbone is: a network from an input to a feature vector, in stages that can be frozen."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def has_pretrained_weights(factory: Callable[..., Backbone], argument: str | None = None) -> bool:
    """Whether a backbone can be a source by itself: its factory then takes `pretrained`, True by default.

    With `pretrained=False` it gives the same network with random weights, where A(∅, T) of `weights:target` starts.
    Where that depends on the argument of its name, the factory's `has_weights(argument)` says so.
    """
    if "pretrained" not in inspect.signature(factory).parameters:
        return False
    asked: Callable[[str], bool] | None = getattr(factory, "has_weights", None)
    return asked is None or argument is None or asked(argument)


@dataclass(frozen=True)
class SavedNetwork:
    """A folder that the library of a network reads by itself.

    `example` are lines of Python that load it from `{folder}` and give `logits` where `has_head`, else `features`, of
    `inputs`: prepared examples as a tensor, or for a network of texts `texts`, a list of strings. `name` is what the
    network is called as a backbone when it is read from there, or None.
    """

    library: str
    has_head: bool
    example: tuple[str, ...]
    name: str | None = None


class Backbone(nn.Module):
    """Turns prepared inputs into features (n, feature_dim).

    `stages`, from input to output, are what `freeze = N` counts. `notes` are sentences for the record of each run that
    uses it. A network that has a classifier of its own gives it by `head`. Built-in plugins are examples.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, stages: Sequence[nn.Module], feature_dim: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.feature_dim = feature_dim

    def head(self, classes: int) -> nn.Module:
        """A new classifier on the features: (n, feature_dim) to logits (n, classes); by default one dense layer.

        The host asks for one for each label space, and draws its weights after those of the backbone.
        """
        return nn.Linear(self.feature_dim, classes)

    def about_inputs(self) -> dict[str, Any]:
        """What `preprocess` does, in words and numbers for the config of an exported model."""
        return {"images": "pixels / 127.5 - 1", "numbers": "as they are"}

    def save_network(self, folder: Path, head: nn.Module | None) -> SavedNetwork | None:
        """Write the network as its own library reads it, with `head` where the library has such a one.

        None (the default): no library has a form for it, and nothing is written.
        """
        return None

    def preprocess(self, inputs: Tensor) -> Tensor:
        """Raw inputs as floats: uint8 images to [-1, 1], everything else as it is."""
        if inputs.dtype == torch.uint8:
            # Channels last: convolutions of small images take about half the time on a CPU.
            return inputs.float().div_(127.5).sub_(1.0).contiguous(memory_format=torch.channels_last)
        return inputs.float()

    def forward(self, inputs: Tensor) -> Tensor:
        """Raw inputs (n, …) to features (n, feature_dim)."""
        hidden = self.preprocess(inputs)
        for stage in self.stages:
            hidden = stage(hidden)
        return hidden
