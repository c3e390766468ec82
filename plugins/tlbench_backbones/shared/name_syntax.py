"""How the names of backbones from libraries are written: `NAME?key=value&key=value@FILE`. Light: no torch."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError

INTERPOLATIONS = ("bicubic", "bilinear", "nearest")


@dataclass(frozen=True)
class Parts:
    """What a name says; `file` is None where it names no weights."""

    name: str
    options: Mapping[str, Any]
    file: Path | None


def split(argument: str, form: str) -> Parts:
    """The parts of an argument. Raises `TlbenchError`, which says the right form, for what has another.

    >>> split("resnet18?mean=0.5&act_layer=gelu@w.safetensors", "write …")
    Parts(name='resnet18', options={'mean': 0.5, 'act_layer': 'gelu'}, file=PosixPath('w.safetensors'))
    """
    text, at, file = argument.partition("@")
    name, question, rest = text.partition("?")
    if not name or (at and not file) or (question and not rest):
        raise TlbenchError(f"{argument!r} has an empty part; {form}")
    options = dict(_pair(item, form) for item in rest.split("&")) if rest else {}
    return Parts(name, options, Path(file).expanduser() if file else None)


def _pair(item: str, form: str) -> tuple[str, Any]:
    key, equals, value = item.partition("=")
    if not equals or not key.isidentifier() or not value:
        raise TlbenchError(f"{item!r} is no key=value; {form}")
    return key, _value(value)


def _value(text: str) -> Any:
    """A number, a tuple or a truth value where the text is one, else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def given(options: Mapping[str, Any]) -> str:
    """Options as an error names them."""
    return ", ".join(f"{key}={value}" for key, value in options.items()) or "no argument"


def check_image_options(options: Mapping[str, Any]) -> None:
    """Raise `TlbenchError` where `img_size`, `interpolation`, `mean` or `std` is given and cannot be meant."""
    size, interpolation = options.get("img_size", 1), options.get("interpolation", INTERPOLATIONS[0])
    if type(size) is not int or size < 1:
        raise TlbenchError(f"img_size={size}: it must be a whole number of pixels from 1")
    if interpolation not in INTERPOLATIONS:
        raise TlbenchError(f"interpolation={interpolation}: it must be one of {', '.join(INTERPOLATIONS)}")
    for key in ("mean", "std"):
        value = options.get(key, 1.0)
        values = value if isinstance(value, tuple) else (value,)
        numbers = all(type(each) in (int, float) and (key == "mean" or each > 0) for each in values)
        if len(values) not in (1, 3) or not numbers:
            raise TlbenchError(
                f"{key}={value}: it must be one number or three, as (0.5,0.5,0.5), of images in [0, 1]"
                + ("" if key == "mean" else ", above 0")
            )
