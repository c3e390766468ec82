"""The network for MNIST → MNIST-M of Ganin et al. (JMLR 17(59), 2016, figure 4a), with its classifier.

https://jmlr.org/papers/v17/15-239.html

Features are what the convolutions give, 768 numbers of 28×28 pixels, for there the paper's domain head begins; its
label predictor has two hidden layers above them. Where this deviates: images may have 1 or 3 channels and any size
from 16 pixels, and they are scaled to [-1, 1] where the paper subtracts their mean.
"""

from __future__ import annotations

import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench_backbones.small.lenet import positions

#: Channels of the two convolutions, and units of the classifier's hidden layers.
CHANNELS = (32, 48)
HIDDEN = 100


class DannConvnet(Backbone):
    """Two stages of 5×5 convolution, pooling and ReLU; for images (1 or 3, height, width)."""

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        left = positions("dann-convnet", input_shape)
        first, second = CHANNELS
        stages = [
            nn.Sequential(nn.Conv2d(input_shape[0], first, 5), nn.MaxPool2d(2), nn.ReLU()),
            nn.Sequential(nn.Conv2d(first, second, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()),
        ]
        super().__init__(stages, second * left)

    def head(self, classes: int) -> nn.Module:
        """The paper's label predictor: two hidden layers of 100, then logits (n, classes)."""
        layers = [nn.Linear(self.feature_dim, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(HIDDEN, classes))


def dann_convnet(input_shape: tuple[int, ...]) -> Backbone:
    """The network for images of a shape. Raises `TlbenchError` for what is no image from 16 pixels."""
    return DannConvnet(input_shape).to(memory_format=torch.channels_last)
