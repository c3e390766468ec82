"""`frozen:BACKBONE`: the features of another backbone, as it is initialised, in place of the inputs.

    frozen:timm:resnet18        frozen:transformers:FOLDER        frozen:small-cnn

The host computes the features of every example once, in evaluation mode, before any run; what runs train are heads,
and whatever else a strategy adds, on vectors of numbers. So every strategy becomes one on frozen features, references
included: `source-only` is a linear classifier of the source's features. A run then costs seconds however large the
backbone is; its record counts the time that the features took as work that runs share, and throughput is of what
follows them. Random weights, where the backbone has no others, are drawn from a fixed seed.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.errors import TlbenchError
from tlbench.inputs import Inputs
from tlbench.preparation import preparation_of
from tlbench.seeds import derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlbench.backbone import Backbone
    from tlbench.plugins import PluginHost

#: Examples per forward pass.
BATCH = 32


class Factory:
    """Makes `frozen:` backbones; everything but the network itself is asked of the backbone that is named."""

    def __call__(self, input_shape: tuple[int, ...], argument: str) -> Backbone:
        """No network: inputs are features already."""
        from torch import nn

        from tlbench.backbone import Backbone

        return Backbone([nn.Flatten()], prod(input_shape))

    def check(self, argument: str) -> None:
        """Raises `TlbenchError` where the backbone is unknown, or cannot be had."""
        from tlbench.planning.backbones import backbone_fault

        if argument.startswith("frozen:"):
            raise TlbenchError(f"{argument!r} is frozen already; name the backbone itself")
        if fault := backbone_fault(argument, _host()):
            raise TlbenchError(fault)

    def revision(self, argument: str) -> str:
        """That of the backbone and its weights."""
        from tlbench.planning.backbones import backbone_version

        return backbone_version(argument, _host())

    def preparation(self, argument: str) -> Features:
        """Examples to features."""
        return Features(argument, _host())


#: What is registered.
factory = Factory()


class Features:
    """Inputs to the features (n, d), float32, of a backbone as it is initialised."""

    def __init__(self, backbone: str, host: PluginHost) -> None:
        from tlbench.planning.backbones import backbone_version

        self._backbone, self._host = backbone, host
        self._first = preparation_of(backbone, host)
        self.takes_text = self._first is not None and self._first.takes_text
        before = "" if self._first is None else f" of {self._first.revision}"
        self.revision = f"features of {backbone} {backbone_version(backbone, host)}{before}"
        self._made: Any = None

    def __call__(self, inputs: Inputs, device: str) -> NDArray[np.float32]:
        """A row for each example."""
        import torch

        from tlbench.training.batches import batch_tensor

        arrays = inputs if self._first is None else self._first(inputs, device)
        backbone = self._network(tuple(arrays.shape[1:]), device)
        with torch.inference_mode():
            parts = [
                backbone(batch_tensor(arrays, slice(at, at + BATCH), device)).flatten(1).float().cpu().numpy()
                for at in range(0, len(arrays), BATCH)
            ]
        return np.concatenate(parts)

    def _network(self, input_shape: tuple[int, ...], device: str) -> Any:
        """The backbone in evaluation mode, made once."""
        if self._made is None:
            import torch

            entry, argument = self._host.find("backbones", self._backbone)
            torch.manual_seed(derive(0, "frozen"))
            arguments = (input_shape, *([] if argument is None else [argument]))
            self._made = entry.load()(*arguments).to(device).eval()
        return self._made


def _host() -> PluginHost:
    from tlbench.plugins import latest_host

    return latest_host()
