"""Names of timm networks, parsed. Light: no library is imported."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split

FORM = "write timm:NAME?key=value&key=value@FILE.safetensors, of which NAME alone is needed"
#: Set by tlbench, or another way to load weights than the two that are allowed.
RESERVED = {"pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"}
#: Of the model's data configuration, what may be said in its place.
DATA = ("mean", "std", "interpolation", "img_size")


@dataclass(frozen=True)
class ParsedName:
    """What an argument asks for; `file` is None where the weights are timm's own."""

    name: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    file: Path | None


def parse(argument: str) -> ParsedName:
    """The parts of an argument. Raises `TlbenchError` for what has another form.

    >>> parse("resnet18?mean=0.5&act_layer=gelu@w.safetensors")
    ParsedName(name='resnet18', data={'mean': 0.5}, options={'act_layer': 'gelu'}, file=PosixPath('w.safetensors'))
    """
    parts = split(argument, FORM)
    given = dict(parts.options)
    if wrong := RESERVED & given.keys():
        raise TlbenchError(f"{sorted(wrong)[0]!r} cannot be given: tlbench sets it; weights are named as @FILE")
    data = {key: given.pop(key) for key in DATA if key in given}
    check_image_options(data)
    return ParsedName(parts.name, data, given, parts.file)


def need_timm() -> None:
    """Raise `TlbenchError` where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        raise TlbenchError("timm is not installed; install it with: pip install 'tlbench[hub]'")
