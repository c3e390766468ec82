"""Views of a batch: inputs changed at random, weakly or strongly, in the way of their modality.

| inputs | `weak` | `strong` |
|---|---|---|
| images, uint8 (n, c, h, w) | shifted by up to an eighth, mirrored | the same, two random changes, a cutout |
| tokens, integers (n, length) | 5 % of the tokens swapped | 20 % swapped |
| vectors, floats (n, d) | noise, a twentieth of a feature's spread | a fifth of it, and 20 % of the features 0 |

After FixMatch (Sohn et al. 2020, https://arxiv.org/abs/2001.07685), whose strong view is RandAugment
(Cubuk et al. 2020, https://arxiv.org/abs/1909.13719) with a cutout. Each example has draws of its own, all from one
generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

View = Literal["weak", "strong"]

#: The furthest shift, as a share of an image's size.
SHIFT = 1 / 8
#: Random changes of a strong view of an image, and the side of its cutout as a share of the image's.
CHANGES, CUTOUT = 2, 1 / 2
#: Shares of tokens that are hidden, and of features that are set to 0.
HIDDEN = {"weak": 0.05, "strong": 0.2}
DROPPED = 0.2
#: Standard deviation of the noise on vectors, in those of each feature over the batch.
NOISE = {"weak": 0.05, "strong": 0.2}


def view(inputs: Tensor, kind: View, generator: torch.Generator, mirror: bool = True) -> Tensor:
    """A view of inputs (n, …), of the same shape and type. `mirror`: whether images may be mirrored.

    Raises `TypeError` for inputs of a kind that has no views.
    """
    if inputs.dtype == torch.uint8 and inputs.ndim == 4:
        return _image(inputs, kind, generator, mirror)
    if not inputs.is_floating_point() and inputs.ndim == 2:
        return _tokens(inputs, kind, generator)
    if inputs.is_floating_point() and inputs.ndim == 2:
        return _vector(inputs, kind, generator)
    form = f"{str(inputs.dtype).removeprefix('torch.')} of shape {tuple(inputs.shape)}"
    raise TypeError(f"inputs of type {form} have no views; images (uint8), tokens and vectors have")


# ---- images ------------------------------------------------------------------------------------------------------


def _image(inputs: Tensor, kind: View, generator: torch.Generator, mirror: bool) -> Tensor:
    images = inputs.float().div_(255)
    identity = torch.eye(2, 3, device=inputs.device).expand(len(inputs), 2, 3).clone()
    identity[:, :, 2] = _uniform((len(inputs), 2), -2 * SHIFT, 2 * SHIFT, generator)  # a grid is 2 wide
    if mirror:
        flipped = torch.rand(len(inputs), generator=generator, device=inputs.device) < 0.5
        identity[flipped, 0, 0] = -1.0
    images = _moved(images, identity)
    if kind == "strong":
        images = _cut_out(_changed(images, generator), generator)
    return images.mul_(255).round_().clamp_(0, 255).to(torch.uint8)


def _changed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image after two changes drawn at random, each of a strength drawn at random."""
    for _ in range(CHANGES):
        choice = torch.randint(len(_CHANGES), (len(images),), generator=generator, device=images.device)
        strength = _uniform((len(images),), -1.0, 1.0, generator)
        changed = images.clone()
        for number, change in enumerate(_CHANGES):
            chosen = choice == number
            if bool(chosen.any()):
                changed[chosen] = change(images[chosen], strength[chosen])
        images = changed.clamp_(0, 1)
    return images


def _cut_out(images: Tensor, generator: torch.Generator) -> Tensor:
    """A grey square of up to half the side, at a random place."""
    count, _, height, width = images.shape
    side = _uniform((count, 1, 1), 0.0, CUTOUT, generator)
    middle = torch.rand((2, count, 1, 1), generator=generator, device=images.device)
    rows = torch.linspace(0, 1, height, device=images.device).reshape(1, height, 1)
    columns = torch.linspace(0, 1, width, device=images.device).reshape(1, 1, width)
    inside = ((rows - middle[0]).abs() < side / 2) & ((columns - middle[1]).abs() < side / 2)
    return images.masked_fill(inside.unsqueeze(1), 0.5)


def _moved(images: Tensor, maps: Tensor) -> Tensor:
    """Images under affine maps (n, 2, 3); what comes in from outside repeats the edge."""
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _map(images: Tensor, entries: list[list[Tensor | float]]) -> Tensor:
    rows = [torch.stack([torch.zeros(len(images), device=images.device) + each for each in row], 1) for row in entries]
    return _moved(images, torch.stack(rows, 1))


def _rotate(images: Tensor, strength: Tensor) -> Tensor:
    angle = strength * math.pi / 6
    return _map(images, [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0]])


def _shear_across(images: Tensor, strength: Tensor) -> Tensor:
    return _map(images, [[1.0, strength * 0.3, 0.0], [0.0, 1.0, 0.0]])


def _shear_down(images: Tensor, strength: Tensor) -> Tensor:
    return _map(images, [[1.0, 0.0, 0.0], [strength * 0.3, 1.0, 0.0]])


def _move(images: Tensor, strength: Tensor) -> Tensor:
    return _map(images, [[1.0, 0.0, strength * 0.6], [0.0, 1.0, -strength * 0.6]])


def _brightness(images: Tensor, strength: Tensor) -> Tensor:
    return images * (1 + 0.9 * _each(strength))


def _contrast(images: Tensor, strength: Tensor) -> Tensor:
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * (1 + 0.9 * _each(strength))


def _colour(images: Tensor, strength: Tensor) -> Tensor:
    grey = images.mean(1, keepdim=True)
    return grey + (images - grey) * (1 + 0.9 * _each(strength))


def _posterise(images: Tensor, strength: Tensor) -> Tensor:
    levels = 2 ** _each(8 - (strength.abs() * 4).round())
    return (images * levels).floor() / levels


def _solarise(images: Tensor, strength: Tensor) -> Tensor:
    return torch.where(images < 1 - _each(strength.abs()), images, 1 - images)


def _same(images: Tensor, strength: Tensor) -> Tensor:
    return images


_CHANGES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    _same,
    _rotate,
    _shear_across,
    _shear_down,
    _move,
    _brightness,
    _contrast,
    _colour,
    _posterise,
    _solarise,
)


def _each(values: Tensor) -> Tensor:
    return values.reshape(-1, 1, 1, 1)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


# ---- tokens and vectors ------------------------------------------------------------------------------------------


def _tokens(inputs: Tensor, kind: View, generator: torch.Generator) -> Tensor:
    """Tokens hidden behind that of another text at the same place; the first, the last and padding (below 0) stay."""
    hidden = torch.rand(inputs.shape, generator=generator, device=inputs.device) < HIDDEN[kind]
    order = torch.randperm(len(inputs), generator=generator, device=inputs.device)
    between = torch.zeros_like(inputs, dtype=torch.bool)
    between[:, 1:-1] = inputs[:, 2:] >= 0
    return torch.where(hidden & between & between[order], inputs[order], inputs)


def _vector(inputs: Tensor, kind: View, generator: torch.Generator) -> Tensor:
    spread = inputs.std(0, unbiased=False, keepdim=True)
    noise = torch.randn(inputs.shape, generator=generator, device=inputs.device, dtype=inputs.dtype)
    changed = inputs + NOISE[kind] * spread * noise
    if kind == "weak":
        return changed
    kept = torch.rand(inputs.shape, generator=generator, device=inputs.device) >= DROPPED
    return changed * kept
