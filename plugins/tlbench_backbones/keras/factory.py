"""Networks of keras.applications on the torch backend of Keras 3 (https://keras.io/api/applications/).

    keras:NAME[?key=value&key=value]

    keras:VGG16                                    weights of ImageNet, global average pooling
    keras:VGG16?weights=none                       random weights
    keras:MobileNet?alpha=0.25&img_size=96         made for images of 96×96

`weights` is `imagenet` or `none`, `pooling` is `avg` or `max`, `img_size` and `interpolation` say how images are
resized; every other key is an argument of the network's constructor. Images are prepared as `keras_network` says. This
file is light, so that names and revisions can be had without torch and Keras.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

FORM = "write keras:NAME?key=value&key=value, of which NAME alone is needed"
INSTALL = "pip install 'tlbench[keras]'"
#: The first version on whose torch backend this was made to work.
OLDEST = (3, 6)
#: Set by tlbench, or of the classifier, which is not there.
RESERVED = {"include_top", "input_shape", "input_tensor", "classes", "classifier_activation", "include_preprocessing"}
RESERVED |= {"mean", "std"}
CHOICES = {"weights": ("imagenet", "none"), "pooling": ("avg", "max")}


@dataclass(frozen=True)
class Wanted:
    """What an argument asks for; `options` go to the network's constructor."""

    name: str
    imagenet: bool
    pooling: str
    img_size: int | None
    interpolation: str
    options: Mapping[str, Any]


class Factory:
    """Makes `keras:` backbones, and says before any training whether it can."""

    # Keras starts no thread and leaves torch's generator and settings alone, so that processes can be forked from it.
    imports = ("tlbench_backbones.keras.preload", "tlbench_backbones.keras.network")

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random."""
        wanted = parse(argument)
        need_keras()
        from tlbench_backbones.keras.network import KerasBackbone

        return KerasBackbone(wanted, input_shape, pretrained=pretrained)

    def has_weights(self, argument: str) -> bool:
        """Whether the name asks for the weights of ImageNet."""
        return parse(argument).imagenet

    def check(self, argument: str) -> None:
        """Make the network with its weights, once. Raises `TlbenchError` with what a run would fail of."""
        wanted = parse(argument)
        need_keras()
        from tlbench_backbones.keras.network import make_network

        make_network(wanted, None, pretrained=True)

    def revision(self, argument: str) -> str | None:
        """Keras checks the weights that it downloads against a hash of its own, so their name says which they are."""
        return "imagenet" if parse(argument).imagenet else None


#: What is registered.
factory = Factory()


def parse(argument: str) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` for what has another form."""
    parts = split(argument, FORM)
    if parts.file is not None:
        message = "weights from a file are not loaded into networks of Keras; leave out the part from '@' on"
        raise TlbenchError(f"{argument!r}: {message}, or take the same network from timm: or torchhub:")
    options = dict(parts.options)
    if wrong := RESERVED & options.keys():
        raise TlbenchError(
            f"{sorted(wrong)[0]!r} cannot be given: the classifier is tlbench's, and images are prepared as the "
            "network's own preprocess_input does"
        )
    chosen = {key: _choice(key, options.pop(key, allowed[0])) for key, allowed in CHOICES.items()}
    check_image_options(options)
    size, interpolation = options.pop("img_size", None), options.pop("interpolation", "bilinear")
    return Wanted(parts.name, chosen["weights"] == "imagenet", chosen["pooling"], size, interpolation, options)


def _choice(key: str, value: object) -> str:
    """One of the allowed values; `None`, as Python writes it, is `none`."""
    text = "none" if value is None else str(value)
    if text not in CHOICES[key]:
        raise TlbenchError(f"{key}={value}: it must be {' or '.join(CHOICES[key])}")
    return text


def need_keras() -> None:
    """Raise `TlbenchError` where Keras is not installed, or too old to have a torch backend."""
    try:
        version = importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        raise TlbenchError(f"keras is not installed; install it with: {INSTALL}") from None
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise TlbenchError(f"keras {version} is too old, {oldest} is needed; install it with: {INSTALL}")
