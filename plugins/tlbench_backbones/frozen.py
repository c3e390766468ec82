"""`frozen:BACKBONE`: the features of another backbone, as it is initialised, in place of the inputs.

    frozen:timm:resnet18        frozen:transformers:FOLDER        frozen:small-cnn

The host computes the features of every example once, in evaluation mode, before any run; what runs train are heads,
and whatever else a strategy adds, on vectors of numbers. So every strategy becomes one on frozen features, references
included: `source-only` is a linear classifier of the source's features. A run then costs seconds however large the
backbone is; its record counts the time that the features took as work that runs share, and throughput is of what
follows them. Random weights, where the backbone has no others, are drawn from one fixed seed, whatever the seeds of
runs, so that the spread over seeds is that of the heads alone. Code from the network runs only where the whole name,
`frozen:` with it, is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.errors import TlbenchError
from tlbench.inputs import Inputs
from tlbench.preparation import preparation_of
from tlbench.seeds import derive
from tlbench.trust import Untrusted, refuse_untrusted, trust_keyword, untrusted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlbench.backbone import Backbone
    from tlbench.plugins import PluginHost

#: Examples per forward pass.
BATCH = 32
#: Distributions, each with a module of its name, that networks come from.
LIBRARIES = ("torch", "timm", "transformers", "keras")


class Factory:
    """Makes `frozen:` backbones; everything but the network itself is asked of the backbone that is named."""

    def __call__(self, input_shape: tuple[int, ...], argument: str) -> Backbone:
        """No network: inputs are features already."""
        from torch import nn

        from tlbench.backbone import Backbone

        return Backbone([nn.Flatten()], prod(input_shape))

    def runs_remote_code(self, argument: str) -> bool:
        """Whether the backbone does, for the features are made by it. Its name is trusted with `frozen:` before it."""
        from tlbench.planning.backbones import runs_remote_code

        return runs_remote_code(argument, _host())

    def check(self, argument: str, *, trusted: bool = False) -> None:
        """Raises `TlbenchError` where the backbone is unknown, is not trusted, or cannot be had."""
        from tlbench.planning.backbones import check_backbone

        if argument.startswith("frozen:"):
            raise TlbenchError(f"{argument!r} is frozen already; name the backbone itself")
        try:
            check_backbone(argument, _host(), _trusted(argument, trusted))
        except Untrusted as error:
            raise untrusted(f"frozen:{argument}", error.what) from error
        except TlbenchError as error:
            raise TlbenchError(f"backbone {argument!r}: {error}") from error

    def revision(self, argument: str) -> str:
        """That of the backbone and its weights."""
        from tlbench.planning.backbones import backbone_version

        return backbone_version(argument, _host())

    def preparation(self, argument: str, *, trusted: bool = False) -> Features:
        """Examples to features."""
        return Features(argument, _host(), _trusted(argument, trusted))


#: What is registered.
factory = Factory()


class Features:
    """Inputs to the features (n, d), float32, of a backbone as it is initialised.

    The backbone may run code of others only where `trusted` has its name.
    """

    def __init__(self, backbone: str, host: PluginHost, trusted: Sequence[str] = ()) -> None:
        from tlbench.planning.backbones import backbone_version

        self._backbone, self._host, self._trusted = backbone, host, trusted
        self._first = preparation_of(backbone, host, trusted)
        self.takes_text = self._first is not None and self._first.takes_text
        before = "" if self._first is None else f" of {self._first.revision}"
        self.revision = f"features of {backbone} {backbone_version(backbone, host)}{before} by {_libraries()}"
        self._made: Any = None

    def __call__(self, inputs: Inputs, device: str) -> NDArray[np.float32]:
        """A row for each example."""
        import torch

        from tlbench.training.batches import batch_tensor

        arrays = inputs if self._first is None else self._first(inputs, device)
        backbone = self._network(tuple(arrays.shape[1:]), device)
        with _one_thread(), torch.inference_mode():
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
            factory = entry.load()
            refuse_untrusted(factory, self._backbone, argument, self._trusted)
            arguments = (input_shape, *([] if argument is None else [argument]))
            made = factory(*arguments, **trust_keyword(factory, self._backbone, self._trusted))
            self._made = made.to(device).eval()
        return self._made


def _trusted(argument: str, trusted: bool) -> tuple[str, ...]:
    """The names that are trusted where `frozen:ARGUMENT` is, or is not."""
    return (argument,) if trusted else ()


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
    from tlbench.plugins import latest_host

    return latest_host()
