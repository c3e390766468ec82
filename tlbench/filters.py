"""Globs of names, as `--strategy`, `--pair` and their kind take them."""

from __future__ import annotations

import fnmatch


def fits(name: str, glob: str) -> bool:
    """A glob, or the name itself: names of grid members hold brackets, which a glob reads otherwise."""
    return name == glob or fnmatch.fnmatchcase(name, glob)
