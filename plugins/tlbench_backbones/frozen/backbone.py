"""`frozen:BACKBONE[+BACKBONE]`: the features of another backbone, as it is initialised, in place of the inputs.

    frozen:timm:resnet18        frozen:transformers:FOLDER        frozen:small-cnn
    frozen:timm:resnet18+mlp:256        the same, and a hidden layer of 256 that is trained on them

The host computes the features of every example once, in evaluation mode, before any run; what runs train are heads,
and whatever else a strategy adds, on vectors of numbers. So every strategy becomes one on frozen features, references
included: `source-only` is a linear classifier of the source's features. A run then costs seconds however large the
backbone is; its record counts the time that the features took as work that runs share, and throughput is of what
follows them. Random weights, where the backbone has no others, are drawn from one fixed seed, whatever the seeds of
runs, so that the spread over seeds is that of the heads alone. Code from the network runs only where the whole name,
`frozen:` with it, is trusted.

What stands after the last `+` is the network of the run: it starts anew with the seed of each, is trained, carries what
was learnt on a source, and its stages are what `freeze` counts. The features are those of the name without it, and
shared with that. Without it there is nothing between features and heads, so that a target with other classes, whose
head is new, has nothing of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.core.inputs import Inputs, Texts
from tlbench.core.seeds import derive
from tlbench.errors import TlbenchError
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.remote_code import Untrusted, untrusted
from tlbench_backbones.frozen.head_network import check_network, named_backbone, named_network, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlbench.core.backbone import Backbone, SavedNetwork
    from tlbench.plugins.manager import PluginHost

#: Examples per forward pass.
BATCH = 32
#: Distributions, each with a module of its name, that networks come from.
LIBRARIES = ("torch", "timm", "transformers", "keras")


class Factory:
    """Makes `frozen:` backbones; everything but the network itself is asked of the backbone that is named."""

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, trusted: bool = False) -> Backbone:
        """The network after the last `+`; else none, for inputs are features already."""
        from torch import nn

        from tlbench.core.backbone import Backbone

        _, network = split(argument)
        if network is not None:
            from tlbench.plugins.backbone_factory import make_backbone

            return make_backbone(network, input_shape, _host(), _trusted(argument, trusted))
        return Backbone([nn.Flatten()], prod(input_shape))

    def has_parameters(self, argument: str) -> bool:
        """Those of the network after the last `+` alone."""
        from tlbench.plugins.backbone_metadata import has_parameters

        network = split(argument)[1]
        return network is not None and has_parameters(network, _host())

    def runs_remote_code(self, argument: str) -> bool:
        """Whether either backbone does. Its name is trusted with `frozen:` before it."""
        from tlbench.plugins.backbone_metadata import runs_remote_code

        features, network = split(argument)
        if network is None:
            return runs_remote_code(features, _host())
        with named_network(network):
            of_network = runs_remote_code(network, _host())
        return of_network or runs_remote_code(features, _host())

    def check(self, argument: str, *, trusted: bool = False) -> list[str]:
        """Notes on the weights. Raises `TlbenchError` where a backbone is unknown, not trusted, or does not fit."""
        from tlbench.plugins.backbone_metadata import check_backbone

        features, network = split(argument)
        if features.startswith("frozen:"):
            raise TlbenchError(f"{features!r} is frozen already; name the backbone itself")
        names = _trusted(argument, trusted)
        try:
            if network is not None:  # first, for it is the cheaper one to check
                check_network(network, _host(), names)
            with named_backbone(features):
                return check_backbone(features, _host(), names)
        except Untrusted as error:
            raise untrusted(f"frozen:{argument}", error.what) from error

    def reads(self, argument: str) -> list[str]:
        """What the network after the last `+` reads; the inputs of a run are features already."""
        from tlbench.plugins.backbone_metadata import files_read

        network = split(argument)[1]
        return [] if network is None else files_read(network, _host())

    def revision(self, argument: str) -> str:
        """Those of the backbones and their weights."""
        from tlbench.plugins.backbone_metadata import backbone_version

        return "+".join(backbone_version(name, _host()) for name in split(argument) if name is not None)

    def preparation(self, argument: str, *, trusted: bool = False) -> Features:
        """Examples to features of the first backbone, whatever is trained on them."""
        features, network = split(argument)
        return Features(features, _host(), _trusted(argument, trusted), network)


#: What is registered.
factory = Factory()


class Features:
    """Inputs to the features (n, d), float32, of a backbone as it is initialised.

    The backbone may run code of others only where `trusted` has its name. `network` is what is trained on the features.
    """

    def __init__(
        self, backbone: str, host: PluginHost, trusted: Sequence[str] = (), network: str | None = None
    ) -> None:
        from tlbench.plugins.backbone_metadata import backbone_version

        self._backbone, self._host, self._trusted = backbone, host, trusted
        self._first = preparation_of(backbone, host, trusted)
        self.takes_text = self._first is not None and self._first.takes_text
        before = "" if self._first is None else f" of {self._first.revision}"
        self.revision = f"features of {backbone} {backbone_version(backbone, host)}{before} by {_libraries()}"
        self._made: Any = None
        self._rest = f"+{network}" if network else ""

    def __call__(self, inputs: Inputs, device: str) -> NDArray[np.float32]:
        """A row for each example."""
        import torch

        from tlbench import batch_tensor

        arrays = inputs if self._first is None else self._first(inputs, device)
        backbone = self._network(tuple(arrays.shape[1:]), device)
        with _one_thread(), torch.inference_mode():
            parts = [
                backbone(batch_tensor(arrays, slice(at, at + BATCH), device)).flatten(1).float().cpu().numpy()
                for at in range(0, len(arrays), BATCH)
            ]
        return np.concatenate(parts)

    def save_network(self, raw_shape: tuple[int, ...], folder: Path) -> SavedNetwork | None:
        """Write the first backbone, for examples of a shape, as its library reads it; None where none does."""
        shape = raw_shape if self._first is None else tuple(self._first(Texts.of(["a"]), "cpu").shape[1:])
        saved: SavedNetwork | None = self._network(shape, "cpu").save_network(folder, None)
        if saved is None or saved.name is None:
            return saved
        return replace(saved, name=f"frozen:{saved.name}{self._rest}")

    def _network(self, input_shape: tuple[int, ...], device: str) -> Any:
        """The backbone in evaluation mode, made once."""
        if self._made is None:
            import torch

            from tlbench.plugins.backbone_factory import make_backbone

            torch.manual_seed(derive(0, "frozen"))
            made = make_backbone(self._backbone, input_shape, self._host, self._trusted)
            self._made = made.to(device).eval()
        return self._made


def _trusted(argument: str, trusted: bool) -> tuple[str, ...]:
    """The names that are trusted where `frozen:ARGUMENT` is, or is not."""
    return tuple(name for name in split(argument) if name is not None) if trusted else ()


@contextmanager
def _one_thread() -> Iterator[None]:
    """As runs compute: the number of threads changes the last bits."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _libraries() -> str:
    """The versions of what may make features: another one may make others."""
    found = {name: version(name) for name in LIBRARIES if find_spec(name)}
    return ", ".join(f"{name} {number}" for name, number in found.items())


def _host() -> PluginHost:
    from tlbench.plugins.manager import latest_host

    return latest_host()
