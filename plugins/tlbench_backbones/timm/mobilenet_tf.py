"""`mobilenetv2-tf`: MobileNetV2 (Sandler et al., CVPR 2018) as trained on ImageNet with TensorFlow.

Paper: https://arxiv.org/abs/1801.04381

    mobilenetv2-tf        mobilenetv2-tf?img_size=64        frozen:mobilenetv2-tf?img_size=64&interpolation=bilinear

The network is timm's `mobilenetv2_100` with TensorFlow's padding. The weights are those of Google's eight-bit model,
turned back into floats, with batch norm apart again: a copy that is not the original, hence a name of its own. They
lie in the folder of data (`TLBENCH_DATA`, or the option `--data`), and are loaded strictly. Images are used at their
own size from 32 pixels on, as `timm:` does, which enlarges smaller ones to 224; `img_size` says another size, to which
they are resized as a whole. The last of five halvings leaves a side of `img_size` / 32 cells, so small images are worth
enlarging. Licence of the weights: Apache-2.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.errors import TlbenchError, unknown
from tlbench_backbones.shared.name_syntax import split
from tlbench_backbones.timm import factory as timm_
from tlbench_datasets.named.public_data import DataFile, Form, PublicData

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

#: Pixels from −1 to 1, as the weights expect them.
NETWORK = "mobilenetv2_100?pad_type=same&mean=0.5&std=0.5"
#: What a name may say behind its question mark, as in `timm:`.
OPTIONS = ("img_size", "interpolation")
FORM = "write mobilenetv2-tf?img_size=64, or with &interpolation=bilinear behind it"
WEIGHTS = PublicData(
    "ImageNet weights of MobileNetV2 from TensorFlow",
    Form(Path, DataFile("weights-mobilenet-tf/mobilenetv2_100_tf_in1k.safetensors")),
    advice="timm:mobilenetv2_100 is the same network with other weights, which timm downloads.",
)


class Factory:
    """Makes the network as `timm:` does, from the file in the folder of data.

    `options` are what a name has behind its question mark, None for the plain name.
    """

    imports = timm_.Factory.imports

    def __call__(
        self, input_shape: tuple[int, ...], options: str | None = None, *, pretrained: bool = True
    ) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random, and no file is read."""
        network = _network(options)
        return timm_.factory(input_shape, _with_weights(network) if pretrained else network, pretrained=pretrained)

    def check(self, options: str | None = None) -> list[str]:
        """Raises `TlbenchError` for a wrong option, or where timm or the file is missing or the weights do not fit."""
        return timm_.factory.check(_with_weights(_network(options)))

    def reads(self, options: str | None = None) -> list[Path]:
        """The file in the folder of data."""
        return [Path(WEIGHTS.load())]

    def revision(self, options: str | None = None) -> str:
        """The file's content; options stand in the name."""
        return timm_.factory.revision(_with_weights(_network(options)))


#: What is registered.
factory = Factory()


def _network(options: str | None) -> str:
    """What `timm:` is asked for, without the file. Raises `TlbenchError` for options of another form or name."""
    if options is None:
        return NETWORK
    given = split(f"mobilenetv2-tf?{options}", FORM)
    if given.file is not None:
        raise TlbenchError(f"mobilenetv2-tf has weights of its own and takes no @FILE; {FORM}")
    for key in given.options:
        if key not in OPTIONS:
            raise TlbenchError(unknown("option of mobilenetv2-tf", key, OPTIONS))
    return f"{NETWORK}&{options}"


def _with_weights(network: str) -> str:
    return f"{network}@{WEIGHTS.load()}"
