"""Paths of the machine that ran a suite have no business on a page: shortened in free text, refused in identities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: What a record says in words. Everything else identifies the run, and run keys are hashes of it.
FREE_TEXT = ("provenance", "error", "reason", "notes", "flags", "health")

# An absolute path: a drive or a slash that continues no word, path or address such as https://…
_PATH = re.compile(r"(?:(?<![\w/.~])(?<!:/)/|(?<!\w)[A-Za-z]:[\\/])(?!/)[^\s\"'`,;:<>|()\[\]{}]+")


def shortened(value: Any) -> Any:
    """Plain data in which each absolute path has become its last part.

    >>> shortened("tlbench run /home/me/a.toml --data=/srv/data/")
    'tlbench run a.toml --data=data'
    """
    if isinstance(value, str):
        return _PATH.sub(lambda match: _last(match[0]), value)
    if isinstance(value, Mapping):
        return {key: shortened(inner) for key, inner in value.items()}
    return [shortened(inner) for inner in value] if isinstance(value, list) else value


def paths_in(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The place of each string of plain data that holds an absolute path, and the string."""
    if isinstance(value, str):
        if _PATH.search(value):
            yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from paths_in(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from paths_in(inner, place)


def _last(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1].removesuffix(":")
