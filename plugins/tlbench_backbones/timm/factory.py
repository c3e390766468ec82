"""Networks of timm (PyTorch Image Models, Wightman 2019, https://github.com/huggingface/pytorch-image-models).

    timm:NAME[?key=value&key=value][@FILE.safetensors]

    timm:resnet18                                        timm's own weights, from the hub or its cache
    timm:resnet18.a1_in1k                                those of a tag
    timm:vit_tiny_patch16_224?img_size=96                made for images of 96×96
    timm:mobilenetv2_100?pad_type=same&mean=0.5&std=0.5@mobilenetv2.safetensors

`mean`, `std`, `interpolation` and `img_size` stand for those of the model's data configuration; every other key is an
argument of its constructor. A FILE (.safetensors, .pt, .pth and others, see `weight_files`) is loaded strictly: every
weight but the classifier's must be there and fit; prefixes of keys are taken off, and position embeddings of another
image size resampled, which is said. Images are prepared as `network.py` says. This file is light, so that names
and revisions can be had without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlbench_backbones.shared.weight_files import need_file, revision_of
from tlbench_backbones.timm.name import RESERVED, need_timm, parse

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

RESERVED |= {"num_classes", "in_chans", "features_only", "scriptable", "exportable", "no_jit"}


class Factory:
    """Makes `timm:` backbones, and says before any training whether it can."""

    imports = ("timm", "tlbench_backbones.timm.network")

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random, and no file is read."""
        from tlbench_backbones.timm.network import TimmBackbone, make_network

        parsed = parse(argument)
        network, notes = make_network(parsed, pretrained=pretrained)
        return TimmBackbone(network, parsed, input_shape, notes)

    def check(self, argument: str) -> list[str]:
        """Make the network with its weights, once; notes on these.

        Raises `TlbenchError` with what a run would fail of.
        """
        parsed = parse(argument)
        need_timm()
        if parsed.file is not None:
            need_file(parsed.file)
        from tlbench_backbones.timm.network import make_network

        return make_network(parsed, pretrained=True)[1]

    def revision(self, argument: str) -> str:
        """The file's content, or the place on the hub that timm takes the weights from. No network is asked."""
        parsed = parse(argument)
        if parsed.file is not None:
            return revision_of(parsed.file)
        need_timm()
        from tlbench_backbones.timm.network import origin

        return origin(parsed)


#: What is registered.
factory = Factory()
