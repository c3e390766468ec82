"""Names of keras.applications networks, parsed. Light: no library is imported."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split

FORM = "write keras:NAME?key=value&key=value, of which NAME alone is needed"
INSTALL = "pip install 'tlbench[keras]'"
#: The first version on whose torch backend this was made to work.
OLDEST = (3, 6)


#: Set by tlbench, or of the classifier, which is not there.
RESERVED = {"include_top", "input_shape", "input_tensor", "classes", "classifier_activation", "include_preprocessing"}
CHOICES = {"weights": ("imagenet", "none"), "pooling": ("avg", "max")}


@dataclass(frozen=True)
class ParsedName:
    """What an argument asks for; `options` go to the network's constructor."""

    name: str
    imagenet: bool
    pooling: str
    img_size: int | None
    interpolation: str
    options: Mapping[str, Any]


def parse(argument: str) -> ParsedName:
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
    return ParsedName(parts.name, chosen["weights"] == "imagenet", chosen["pooling"], size, interpolation, options)


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
