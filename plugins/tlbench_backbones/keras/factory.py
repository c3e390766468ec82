"""Networks of keras.applications on the torch backend of Keras 3 (https://keras.io/api/applications/).

    keras:NAME[?key=value&key=value]

    keras:VGG16                                    weights of ImageNet, global average pooling
    keras:VGG16?weights=none                       random weights
    keras:MobileNet?alpha=0.25&img_size=96         made for images of 96×96

`weights` is `imagenet` or `none`, `pooling` is `avg` or `max`, `img_size` and `interpolation` say how images are
resized; every other key is an argument of the network's constructor. Images are prepared as `network.py` says. This
file is light, so that names and revisions can be had without torch and Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlbench_backbones.keras.name import (
    RESERVED,
    need_keras,
    parse,
)

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

RESERVED |= {"mean", "std"}


class Factory:
    """Makes `keras:` backbones, and says before any training whether it can."""

    # Keras starts no thread and leaves torch's generator and settings alone, so that processes can be forked from it.
    imports = ("tlbench_backbones.keras.preload", "tlbench_backbones.keras.network")

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random."""
        parsed = parse(argument)
        need_keras()
        from tlbench_backbones.keras.network import KerasBackbone

        return KerasBackbone(parsed, input_shape, pretrained=pretrained)

    def has_weights(self, argument: str) -> bool:
        """Whether the name asks for the weights of ImageNet."""
        return parse(argument).imagenet

    def check(self, argument: str) -> None:
        """Make the network with its weights, once. Raises `TlbenchError` with what a run would fail of."""
        parsed = parse(argument)
        need_keras()
        from tlbench_backbones.keras.network import make_network

        make_network(parsed, None, pretrained=True)

    def revision(self, argument: str) -> str | None:
        """Keras checks the weights that it downloads against a hash of its own, so their name says which they are."""
        return "imagenet" if parse(argument).imagenet else None


#: What is registered.
factory = Factory()
