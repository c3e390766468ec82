"""The files that a run needs beside its inputs: a backbone's weights, and paths in parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from tlbench.plugins.backbone_metadata import files_read
from tlbench.plugins.manager import PluginHost

#: What parts a backbone's name into pieces of which some may be paths.
_SEAMS = re.compile(r"[@?&=:]")


def backbone_files(name: str, host: PluginHost) -> list[str]:
    """Files and folders that a backbone is made from: what its factory says in `reads`, and paths in its name."""
    named = (piece for piece in _SEAMS.split(name) if "/" in piece or "." in piece)
    return [*_there(map(Path, files_read(name, host))), *_there(map(Path, named))]


def parameter_files(strategy: str, params: Mapping[str, Any], host: PluginHost) -> list[str]:
    """Files and folders that a strategy's parameters name; these parameters are declared as `pathlib.Path`."""
    fields = host.find("strategies", strategy)[0].load().Params.model_fields
    named = (params[name] for name, field in fields.items() if name in params and _is_path(field.annotation))
    return [*_there(Path(value) for value in named if isinstance(value, str | Path))]


def _is_path(annotation: Any) -> bool:
    return annotation is Path or Path in get_args(annotation)


def _there(paths: Iterator[Path]) -> Iterator[str]:
    for path in paths:
        place = path.expanduser()
        if place.exists():
            yield str(place.resolve())
