"""Names that hold paths of this machine, as weight files give them, and how tables and pages show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

# An absolute path or one of a home folder, to the end of what a name can hold of one: spaces belong to it.
_PATH = re.compile(r"(?:(?<![\w/.~])(?:~\w*)?(?<!:/)/|(?<!\w)[A-Za-z]:[\\/])(?!/)[^\"'`,;:<>|()\[\]{}]+")


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """By each name the same with the file's name for its path; names that would be one keep the folders that differ.

    >>> shown_names(["timm:resnet18@/home/me/weights/best.pt", "mlp:64"])
    {'timm:resnet18@/home/me/weights/best.pt': 'timm:resnet18@best.pt', 'mlp:64': 'mlp:64'}
    """
    parts = dict.fromkeys(names, 1)
    while True:
        shown = {name: _shortened(name, kept) for name, kept in parts.items()}
        many = Counter(shown.values())
        alike = [name for name, text in shown.items() if many[text] > 1 and text != name]
        if not alike:
            return shown
        for name in alike:
            parts[name] += 1


def shown_name(name: str) -> str:
    """One name by itself, with the file's name for its path."""
    return _shortened(name, 1)


def _shortened(name: str, kept: int) -> str:
    """The name with the last `kept` parts of each path; as it is where that is all of it."""

    def last(match: re.Match[str]) -> str:
        parts = re.split(r"[\\/]", match[0].rstrip("\\/"))
        return match[0] if kept >= len(parts) else "/".join(parts[-kept:])

    return _PATH.sub(last, name)
