"""Names of torch hub networks, parsed. Light: no library is imported."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split

FORM = (
    "write torchhub:OWNER/NAME@TAG:MODEL or torchhub:./FOLDER:MODEL, and after MODEL, where needed, "
    "?key=value&key=value and @FILE.safetensors"
)
#: How images are prepared, where the name does not say: as most networks that were trained on ImageNet expect them.
DATA = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "interpolation": "bilinear", "img_size": None}
#: By custom, the arguments of entry points that ask for pretrained weights, and their values that do not.
WITHOUT = {"pretrained": False, "weights": None}


@dataclass(frozen=True)
class ParsedName:
    """What an argument asks for: `repository` is `owner/name`, of `tag`; or a folder, without one."""

    repository: str
    tag: str | None
    model: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    file: Path | None

    @property
    def folder(self) -> Path:
        """Where the code is, or will be once it is downloaded."""
        if self.tag is None:
            return Path(self.repository).expanduser()
        return hub_folder() / f"{self.repository}/{self.tag}".replace("/", "_")


def parse(argument: str) -> ParsedName:
    """The parts of an argument. Raises `TlbenchError` for what has another form."""
    source, _, rest = argument.partition(":")
    if not source or not rest:
        raise TlbenchError(f"{argument!r} has an empty part; {FORM}")
    repository, tag = _source(source)
    parts = split(rest, FORM)
    if not parts.name.isidentifier():
        raise TlbenchError(f"{parts.name!r} is no name of a function in a hubconf.py; {FORM}")
    options = dict(parts.options)
    data = {key: options.pop(key) for key in DATA if key in options}
    check_image_options(data)
    return ParsedName(repository, tag, parts.name, {**DATA, **data}, options, parts.file)


def _source(text: str) -> tuple[str, str | None]:
    """A folder without a tag, or `owner/name` with one."""
    if text.startswith(("/", "./", "../", "~/")):
        return text, None
    match = re.fullmatch(r"([\w.-]+/[\w.-]+)@([\w.+/-]+)", text)
    if match is None:
        message = f"{text!r} is neither a folder, which begins with '/', './', '../' or '~/', nor OWNER/NAME@TAG"
        raise TlbenchError(f"{message}, which must name a tag, a branch or a commit; {FORM}")
    return match[1], match[2]


def hub_folder() -> Path:
    """Where torch keeps repositories: `$TORCH_HOME/hub`, or `torch/hub` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub"
