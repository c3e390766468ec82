"""What backbones from libraries have in common: images are resized and normalised as their networks expect them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlbench.core.backbone import Backbone
from tlbench.errors import TlbenchError
from tlbench_backbones.shared.weight_files import first_line

#: Images per forward pass where no gradient is taken: 64 of 224×224 take under 1 GB in most networks.
IMAGES = 64


class ImageBackbone(Backbone):
    """Images (n, 1 or 3, h, w) to features (n, feature_dim), resized to `size` (height, width) as a whole.

    `name` is the backbone's as a suite writes it. A subclass says how images are normalised and what they become;
    then it calls `measure`.
    """

    def __init__(self, name: str, size: tuple[int, int], interpolation: str) -> None:
        super().__init__((), 0)
        self.name = name
        self.size = size
        self.interpolation = interpolation

    @abstractmethod
    def normalise(self, images: Tensor) -> Tensor:
        """Floats in [0, 255] (n, 3, *size), which may be changed in place, to what the network expects."""

    @abstractmethod
    def extract(self, images: Tensor) -> Tensor:
        """Normalised images (n, 3, *size) to features (n, feature_dim)."""

    def preprocess(self, inputs: Tensor) -> Tensor:
        """uint8 images (n, 1 or 3, h, w) to normalised floats (n, 3, *size); floats count as normalised already.

        Grey images get three equal channels.
        """
        raw = inputs.dtype == torch.uint8
        images = inputs.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        if images.shape[-2:] != self.size:
            smooth = {} if self.interpolation == "nearest" else {"antialias": True, "align_corners": False}
            images = functional.interpolate(images, self.size, mode=self.interpolation, **smooth)
            images = images.round_().clamp_(0, 255) if raw else images  # cubic ones overshoot; PIL gives whole numbers
        return self.normalise(images) if raw else images

    def about_inputs(self) -> dict[str, Any]:
        """The size that images get, and how."""
        return {"size": list(self.size), "interpolation": self.interpolation}

    def forward(self, inputs: Tensor) -> Tensor:
        """Images (n, 1 or 3, h, w) to features (n, feature_dim); by parts where no gradient needs the whole batch."""
        parts = [inputs] if torch.is_grad_enabled() or self.training else torch.split(inputs, IMAGES)
        return torch.cat([self.extract(self.preprocess(part)) for part in parts])

    def measure(self, hint: str) -> int:
        """The feature dimension, from one black image; `hint` is a name that may work where this one does not."""
        height, width = self.size
        self.eval()
        try:
            with torch.no_grad():
                features = self(torch.zeros(1, 3, height, width))
        except (RuntimeError, AssertionError, ValueError, TypeError, AttributeError) as error:
            message = f"backbone {self.name!r} does not take images of {height}×{width}: {first_line(error)}"
            raise TlbenchError(f"{message}; say another size, as in {hint}") from error
        finally:
            self.train()
        return int(features.shape[1])


class NormalisedNetwork(ImageBackbone):
    """A torch network on images that are normalised by mean and deviation.

    `stages` are views of the network's parts, which freezing and learning rates see; the weights belong to `network`
    alone, so that they are there once. `data` has `mean` and `std`, one number or three of images in [0, 1], and
    `interpolation`.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        stages: Sequence[nn.Module],
        name: str,
        size: tuple[int, int],
        data: Mapping[str, Any],
        hint: str,
    ) -> None:
        super().__init__(name, size, data["interpolation"])
        self.network = network.to(memory_format=torch.channels_last)
        del self.stages
        object.__setattr__(self, "stages", stages)
        for key in ("mean", "std"):
            values = torch.tensor(data[key], dtype=torch.float32).reshape(1, -1, 1, 1)
            self.register_buffer(key, values.expand(1, 3, 1, 1).clone(), persistent=False)
        self.feature_dim = self.measure(hint)

    def about_inputs(self) -> dict[str, Any]:
        """Size, and mean and deviation of images in [0, 1]."""
        shown = {name: getattr(self, name).flatten().tolist() for name in ("mean", "std")}
        return {**super().about_inputs(), **shown}

    def normalise(self, images: Tensor) -> Tensor:
        """To [0, 1], minus the mean, over the deviation."""
        return images.div_(255).sub_(self.mean).div_(self.std)

    def extract(self, images: Tensor) -> Tensor:
        """What the network gives, flattened."""
        features: Tensor = self.network(images)
        return features.flatten(1)


def need_images(name: str, input_shape: tuple[int, ...]) -> None:
    """Raise `TlbenchError` where inputs are no images of 1 or 3 channels."""
    if len(input_shape) != 3 or input_shape[0] not in (1, 3):
        message = f"backbone {name!r} takes images (1 or 3 channels, height, width)"
        raise TlbenchError(f"{message}; the inputs are {input_shape}")
