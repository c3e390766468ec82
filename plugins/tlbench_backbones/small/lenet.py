"""LeNet as papers on digits use it (CDAN, Long et al. 2018; the digits example of the Transfer-Learning-Library).

https://arxiv.org/abs/1705.10667, https://github.com/thuml/Transfer-Learning-Library

Where this deviates from theirs: images may have 1 or 3 channels and any size from 16 pixels, which decides how many
inputs the hidden layer has (800 for their 28×28); the classifier is the host's.
"""

from __future__ import annotations

import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.errors import TlbenchError

#: Channels of the two convolutions, the feature dimension, and the share of units that dropout zeroes in training.
CHANNELS = (20, 50)
FEATURES = 500
DROPOUT = 0.5
#: Two 5×5 convolutions without padding, each halved, leave one position of 16 pixels and none of 15.
SMALLEST = 16


def lenet(input_shape: tuple[int, ...]) -> Backbone:
    """Two stages of 5×5 convolution, pooling and ReLU, then a hidden layer; for images (1 or 3, height, width).

    Dropout draws from torch's global generator, which a run seeds.
    """
    left = positions("lenet", input_shape)
    first, second = CHANNELS
    stages = [
        nn.Sequential(nn.Conv2d(input_shape[0], first, 5), nn.MaxPool2d(2), nn.ReLU()),
        nn.Sequential(nn.Conv2d(first, second, 5), nn.Dropout2d(DROPOUT), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()),
        nn.Sequential(nn.Linear(second * left, FEATURES), nn.ReLU(), nn.Dropout(DROPOUT)),
    ]
    return Backbone(stages, FEATURES).to(memory_format=torch.channels_last)


def positions(name: str, input_shape: tuple[int, ...]) -> int:
    """How many positions of an image two 5×5 convolutions without padding, each halved, leave.

    Raises `TlbenchError`, which names the backbone, for what is no image (1 or 3, height, width) or too small.
    """
    if len(input_shape) != 3 or input_shape[0] not in (1, 3) or min(input_shape[1:]) < SMALLEST:
        message = (
            f"backbone {name!r} takes images (1 or 3 channels, height, width) of at least {SMALLEST} pixels a side"
        )
        raise TlbenchError(f"{message}; the inputs are {input_shape}")
    height, width = (((side - 4) // 2 - 4) // 2 for side in input_shape[1:])
    return height * width
