"""Tiny files of users' own, made for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog")


def image(path: Path, number: int, kind: int = 0, side: int = 10) -> Path:
    """Write an image that differs from all others by its number, and from other classes by its brightness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([number, kind]).integers(0, 100, (side, side, 3)) + 150 * (kind % 2)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def image_folder(root: Path, domains=("one", "two"), classes=CLASSES, count=10) -> Path:
    """`count` images of each class in each domain, all different."""
    for place, domain in enumerate(domains):
        for kind, name in enumerate(classes):
            for number in range(count):
                image(root / domain / name / f"{number}.png", 1000 * place + number, kind)
    return root


def vectors(seed: int, count: int = 60, features: int = 4):
    """Inputs and labels of two classes that a line divides."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    return (rng.standard_normal((count, features)) + 3.0 * labels[:, None]).astype(np.float32), labels


def suite(dataset: str, data: str = "", backbone: str = "mlp:16", pairs: str = '"all"') -> str:
    """A suite of a few steps on `dataset`."""
    return f"""
name = "own"
dataset = {dataset!r}
backbones = ["{backbone}"]
seeds = [0]

[data]
{data}

[budget]
steps = 20
batch_size = 8

[[part]]
setting = "transductive"
pairs = {pairs}
strategies = ["feature-extraction"]
"""
