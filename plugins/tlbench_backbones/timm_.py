"""Networks of timm (PyTorch Image Models, Wightman 2019, https://github.com/huggingface/pytorch-image-models).

    timm:NAME[?key=value&key=value][@FILE.safetensors]

    timm:resnet18                                        timm's own weights, from the hub or its cache
    timm:resnet18.a1_in1k                                those of a tag
    timm:vit_tiny_patch16_224?img_size=96                made for images of 96×96
    timm:mobilenetv2_100?pad_type=same&mean=0.5&std=0.5@mobilenetv2.safetensors

`mean`, `std`, `interpolation` and `img_size` stand for those of the model's data configuration; every other key is an
argument of its constructor. A FILE is loaded strictly: every weight but the classifier's must be there and fit. Images
are prepared as `timm_network` says. This file is light, so that names and revisions can be had without torch.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.backbone import Backbone

FORM = "write timm:NAME?key=value&key=value@FILE.safetensors, of which NAME alone is needed"
#: Set by tlbench, or another way to load weights than the two that are allowed.
RESERVED = {"pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"}
RESERVED |= {"num_classes", "in_chans", "features_only", "scriptable", "exportable", "no_jit"}
INTERPOLATIONS = ("bicubic", "bilinear", "nearest")
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

    imports = ("timm", "tlbench_backbones.timm_network")

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` its weights are random, and no file is read."""
        from tlbench_backbones.timm_network import TimmBackbone, make_network

        wanted = parse(argument)
        network = make_network(wanted, pretrained=pretrained)
        return TimmBackbone(network, wanted, input_shape)

    def check(self, argument: str) -> None:
        """Make the network with its weights, once. Raises `TlbenchError` with what a run would fail of."""
        wanted = parse(argument)
        need_timm()
        if wanted.file is not None:
            _need_file(wanted.file)
        from tlbench_backbones.timm_network import make_network

        make_network(wanted, pretrained=True)

    def revision(self, argument: str) -> str:
        """The file's content, or the place on the hub that timm takes the weights from. No network is asked."""
        wanted = parse(argument)
        if wanted.file is not None:
            _need_file(wanted.file)
            stat = wanted.file.stat()
            return f"sha256:{_digest(wanted.file.resolve(), stat.st_size, stat.st_mtime_ns)}"
        need_timm()
        from tlbench_backbones.timm_network import origin

        return origin(wanted)


#: What is registered.
factory = Factory()


def parse(argument: str) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` for what has another form.

    >>> parse("resnet18?mean=0.5&act_layer=gelu@w.safetensors")
    Wanted(name='resnet18', data={'mean': 0.5}, options={'act_layer': 'gelu'}, file=PosixPath('w.safetensors'))
    """
    text, at, file = argument.partition("@")
    name, question, rest = text.partition("?")
    if not name or (at and not file) or (question and not rest):
        raise TlbenchError(f"{argument!r} has an empty part; {FORM}")
    given = dict(_pair(item) for item in rest.split("&")) if rest else {}
    if wrong := RESERVED & given.keys():
        raise TlbenchError(f"{sorted(wrong)[0]!r} cannot be given: tlbench sets it; weights are named as @FILE")
    data = {key: given.pop(key) for key in DATA if key in given}
    _check_data(data)
    return Wanted(name, data, given, Path(file).expanduser() if file else None)


def _pair(item: str) -> tuple[str, Any]:
    key, equals, value = item.partition("=")
    if not equals or not key.isidentifier() or not value:
        raise TlbenchError(f"{item!r} is no key=value; {FORM}")
    return key, _value(value)


def _value(text: str) -> Any:
    """A number, a tuple or a truth value where the text is one, else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _check_data(data: Mapping[str, Any]) -> None:
    size, interpolation = data.get("img_size", 1), data.get("interpolation", INTERPOLATIONS[0])
    if type(size) is not int or size < 1:
        raise TlbenchError(f"img_size={size}: it must be a whole number of pixels from 1")
    if interpolation not in INTERPOLATIONS:
        raise TlbenchError(f"interpolation={interpolation}: it must be one of {', '.join(INTERPOLATIONS)}")
    for key in ("mean", "std"):
        value = data.get(key, 1.0)
        values = value if isinstance(value, tuple) else (value,)
        numbers = all(type(each) in (int, float) and (key == "mean" or each > 0) for each in values)
        if len(values) not in (1, 3) or not numbers:
            raise TlbenchError(
                f"{key}={value}: it must be one number or three, as (0.5,0.5,0.5), of images in [0, 1]"
                + ("" if key == "mean" else ", above 0")
            )


def need_timm() -> None:
    """Raise `TlbenchError` where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        raise TlbenchError("timm is not installed; install it with: pip install 'tlbench[hub]'")


def _need_file(file: Path) -> None:
    if file.suffix != ".safetensors":
        message = f"{str(file)!r} is no .safetensors file, and weights are read from no other; "
        raise TlbenchError(f"{message}convert it with safetensors.torch.save_file(state_dict, FILE)")
    if not file.is_file():
        raise TlbenchError(f"the weight file {str(file)!r} does not exist (looked for in {Path.cwd()})")


@functools.lru_cache
def _digest(file: Path, size: int, modified_ns: int) -> str:
    """The first 16 hex digits of the content's SHA-256, read once as long as size and time stay."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]
