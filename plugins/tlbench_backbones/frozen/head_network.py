"""What `frozen:BACKBONE+BACKBONE` says after its last `+`: a network that is trained on the features of the first.

It takes vectors, of any length and as they are: one that reads texts or prepares its inputs has no use for features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError
from tlbench.plugins.remote_code import Untrusted

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone
    from tlbench.plugins.manager import PluginHost

FORM = "write frozen:BACKBONE+BACKBONE, as in frozen:timm:resnet18+mlp:256"
#: How long the vectors are that a network is tried on before anything runs; those of the run are not known yet.
TRIED = 64


def split(argument: str) -> tuple[str, str | None]:
    """The backbone that makes the features, and the one that is trained on them, None where none is named.

    Raises `TlbenchError` where a `+` has nothing before or after it.

    >>> split("timm:resnet18+mlp:100:tanh")
    ('timm:resnet18', 'mlp:100:tanh')
    """
    first, plus, second = argument.rpartition("+")
    if not plus:
        return argument, None
    if not first or not second:
        raise TlbenchError(f"{argument!r} has nothing {'after' if first else 'before'} its last '+'; {FORM}")
    return first, second


def check_network(name: str, host: PluginHost, trusted: Sequence[str]) -> None:
    """Raises `TlbenchError` where there is no such backbone, it cannot be had, or it does not take vectors."""
    from tlbench.plugins.backbone_factory import make_backbone
    from tlbench.plugins.backbone_metadata import check_backbone

    with named_network(name):
        factory: Any = host.find("backbones", name)[0].load()
        if hasattr(factory, "preparation") or hasattr(factory, "tokenizer"):
            raise TlbenchError("it prepares its inputs by itself; name one that takes vectors, as mlp:256")
        check_backbone(name, host, trusted)
        _try(make_backbone(name, (TRIED,), host, trusted))


@contextmanager
def named_backbone(name: str) -> Iterator[None]:
    """Errors say of which part of the name they speak. That code is not trusted is said of the whole name."""
    try:
        yield
    except Untrusted:
        raise
    except TlbenchError as error:
        raise TlbenchError(f"backbone {name!r}: {error}") from error


@contextmanager
def named_network(name: str) -> Iterator[None]:
    """The same of the network, with what to do where its `+` was none."""
    try:
        yield
    except Untrusted:
        raise
    except TlbenchError as error:
        message = f"{name!r}, after the last '+', is what is trained on the features: {error}"
        raise TlbenchError(f"{message} (if that '+' is part of a name, write '+linear' after the name)") from error


def _try(network: Backbone) -> None:
    """Raise `TlbenchError` where a network makes no features (n, feature_dim) of vectors."""
    import torch

    try:
        with torch.inference_mode():
            found = tuple(network.eval()(torch.zeros(2, TRIED)).shape)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise TlbenchError(f"it fails on vectors of {TRIED} numbers ({said}); name one that takes them") from error
    if found != (2, network.feature_dim):
        message = f"it makes {found} of 2 vectors of {TRIED} numbers; (2, {network.feature_dim}) is expected"
        raise TlbenchError(f"{message} of one that takes vectors")
