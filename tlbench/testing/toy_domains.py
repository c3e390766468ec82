"""Small made-up domains of three kinds, easy to learn, with a shift between source and target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, Texts

Kind = Literal["image", "text", "vector"]
KINDS: tuple[Kind, ...] = ("vector", "image", "text")
#: The backbone that takes each kind.
BACKBONES: dict[Kind, str] = {"vector": "mlp:16", "image": "small-cnn", "text": "bag-of-words:64"}
_WORDS = ("red green blue", "one two three", "north south east")
_COMMON = ("the", "a", "of", "and", "it", "was", "is")


@dataclass(frozen=True)
class Made:
    """Inputs of a domain with their labels (n,), and the names of the classes."""

    inputs: Inputs
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]


def made(kind: Kind, side: Literal["source", "target"], items: int, classes: int, seed: int) -> Made:
    """Some examples, every class as often as the others, in an order of chance; target ones are shifted a little."""
    rng = np.random.default_rng([seed, side == "target", classes])
    labels = rng.permutation(np.arange(items) % classes)
    inputs = {"vector": _vectors, "image": _images, "text": _texts}[kind](rng, labels, side == "target")
    prefix = "class" if classes == 2 else "other"
    return Made(inputs, labels.astype(np.int64), tuple(f"{prefix} {index}" for index in range(classes)))


def _vectors(rng: np.random.Generator, labels: NDArray[np.int64], shifted: bool) -> Inputs:
    centres = 2.0 * np.eye(max(3, labels.max() + 1), 6)
    found = centres[labels] + 0.4 * shifted + 0.5 * rng.standard_normal((len(labels), 6))
    return found.astype(np.float32)


def _images(rng: np.random.Generator, labels: NDArray[np.int64], shifted: bool) -> Inputs:
    """A bright band of the class's height on a dark ground; the target's is less bright."""
    images = rng.integers(0, 60, (len(labels), 1, 16, 16))
    for image, label in zip(images, labels, strict=True):
        image[0, 4 * label : 4 * label + 4] += 120 if shifted else 180
    return images.astype(np.uint8)


def _texts(rng: np.random.Generator, labels: NDArray[np.int64], shifted: bool) -> Inputs:
    """Words of the class among common ones; the target has fewer of the first."""
    found = []
    for label in labels:
        own = rng.choice(_WORDS[label].split(), 2 if shifted else 3)
        found.append(" ".join(rng.permutation([*own, *rng.choice(_COMMON, 4)])))
    return Texts.of(found)
