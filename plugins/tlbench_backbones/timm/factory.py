"""Networks of timm (PyTorch Image Models, Wightman 2019, https://github.com/huggingface/pytorch-image-models).

    timm:NAME[?key=value&key=value][@FILE.safetensors]

    timm:resnet18                                        timm's own weights, from the hub or its cache
    timm:resnet18.a1_in1k                                those of a tag
    timm:vit_tiny_patch16_224?img_size=96                made for images of 96×96
    timm:mobilenetv2_100?pad_type=same&mean=0.5&std=0.5@mobilenetv2.safetensors

`mean`, `std`, `interpolation` and `img_size` stand for those of the model's data configuration; every other key is an
argument of its constructor. A FILE (.safetensors, .pt or .pth, see `weight_files`) is loaded strictly: every weight but
the classifier's must be there and fit. Images are prepared as `timm_network` says. This file is light, so that names
and revisions can be had without torch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split
from tlbench_backbones.shared.weight_files import need_file, revision_of

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

FORM = "write timm:NAME?key=value&key=value@FILE.safetensors, of which NAME alone is needed"
#: Set by tlbench, or another way to load weights than the two that are allowed.
RESERVED = {"pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"}
RESERVED |= {"num_classes", "in_chans", "features_only", "scriptable", "exportable", "no_jit"}
#: Of the model's data configuration, what may be said in its place.
DATA = ("mean", "std", "interpolation", "img_size")


@dataclass(frozen=True)
class Wanted:
    """What an argument asks for; `file` is None where the weights are timm's own."""

    name: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    file: Path | None


class Factory:
    """Makes `timm:` backbones, and says before any training whether it can."""

    imports = ("timm", "tlbench_backbones.timm.network")

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random, and no file is read."""
        from tlbench_backbones.timm.network import TimmBackbone, make_network

        wanted = parse(argument)
        network = make_network(wanted, pretrained=pretrained)
        return TimmBackbone(network, wanted, input_shape)

    def check(self, argument: str) -> None:
        """Make the network with its weights, once. Raises `TlbenchError` with what a run would fail of."""
        wanted = parse(argument)
        need_timm()
        if wanted.file is not None:
            need_file(wanted.file)
        from tlbench_backbones.timm.network import make_network

        make_network(wanted, pretrained=True)

    def revision(self, argument: str) -> str:
        """The file's content, or the place on the hub that timm takes the weights from. No network is asked."""
        wanted = parse(argument)
        if wanted.file is not None:
            return revision_of(wanted.file)
        need_timm()
        from tlbench_backbones.timm.network import origin

        return origin(wanted)


#: What is registered.
factory = Factory()


def parse(argument: str) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` for what has another form.

    >>> parse("resnet18?mean=0.5&act_layer=gelu@w.safetensors")
    Wanted(name='resnet18', data={'mean': 0.5}, options={'act_layer': 'gelu'}, file=PosixPath('w.safetensors'))
    """
    parts = split(argument, FORM)
    given = dict(parts.options)
    if wrong := RESERVED & given.keys():
        raise TlbenchError(f"{sorted(wrong)[0]!r} cannot be given: tlbench sets it; weights are named as @FILE")
    data = {key: given.pop(key) for key in DATA if key in given}
    check_image_options(data)
    return Wanted(parts.name, data, given, parts.file)


def need_timm() -> None:
    """Raise `TlbenchError` where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        raise TlbenchError("timm is not installed; install it with: pip install 'tlbench[hub]'")
