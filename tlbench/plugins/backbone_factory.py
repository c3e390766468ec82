"""A backbone from its name: in one place, since code of others may run in it."""

from __future__ import annotations

from collections.abc import Collection

from tlbench.core.backbone import Backbone, has_pretrained_weights
from tlbench.plugins.manager import PluginHost
from tlbench.plugins.remote_code import refuse_untrusted, trust_keyword


def make_backbone(
    name: str,
    input_shape: tuple[int, ...],
    host: PluginHost,
    trusted: Collection[str] = (),
    *,
    random_weights: bool = False,
) -> Backbone:
    """The network that a name means, for inputs of a shape; `random_weights` in place of pretrained ones.

    Raises `Untrusted` where it needs code from the network and `trusted` does not have the name, and whatever the
    factory raises.
    """
    entry, argument = host.find("backbones", name)
    factory = entry.load()
    refuse_untrusted(factory, name, argument, trusted)
    given = (input_shape, *([] if argument is None else [argument]))
    options = {"pretrained": False} if random_weights and has_pretrained_weights(factory, argument) else {}
    made: Backbone = factory(*given, **options, **trust_keyword(factory, name, trusted))
    return made
