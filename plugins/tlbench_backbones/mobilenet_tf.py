"""`mobilenetv2-tf`: MobileNetV2 (Sandler et al., CVPR 2018) as trained on ImageNet with TensorFlow.

Paper: https://arxiv.org/abs/1801.04381

The network is timm's `mobilenetv2_100` with TensorFlow's padding. The weights are those of Google's eight-bit model,
turned back into floats, with batch norm apart again: a copy that is not the original, hence a name of its own. They
lie in the folder of data (`TLBENCH_DATA`, or the option `--data`), and are loaded strictly. Images are used at their
own size. Licence of the weights: Apache-2.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlbench_backbones import timm_
from tlbench_datasets.public_data import DataFile, Form, PublicData

if TYPE_CHECKING:
    from tlbench.backbone import Backbone

#: Pixels from −1 to 1, as the weights expect them.
NETWORK = "mobilenetv2_100?pad_type=same&mean=0.5&std=0.5"
WEIGHTS = PublicData(
    "ImageNet weights of MobileNetV2 from TensorFlow",
    Form(Path, DataFile("weights-mobilenet-tf/mobilenetv2_100_tf_in1k.safetensors")),
    advice="timm:mobilenetv2_100 is the same network with other weights, which timm downloads.",
)


class Factory:
    """Makes the network as `timm:` does, from the file in the folder of data."""

    imports = timm_.Factory.imports

    def __call__(self, input_shape: tuple[int, ...], *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random, and no file is read."""
        return timm_.factory(input_shape, _argument() if pretrained else NETWORK, pretrained=pretrained)

    def check(self) -> None:
        """Raises `TlbenchError` where timm or the file is missing, or the weights do not fit."""
        timm_.factory.check(_argument())

    def revision(self) -> str:
        """The file's content."""
        return timm_.factory.revision(_argument())


#: What is registered.
factory = Factory()


def _argument() -> str:
    return f"{NETWORK}@{WEIGHTS.load()}"
