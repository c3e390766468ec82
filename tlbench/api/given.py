"""What callers may write in several ways, brought into one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: A name or glob, or several; numbers for seeds and shots.
Globs = str | int | Iterable[str | int] | None


def several(given: Any) -> list[Any]:
    """One thing, or several, as a list; None is none."""
    if given is None:
        return []
    one = isinstance(given, str | Path | int | type) or not isinstance(given, Iterable)
    return [given] if one else list(given)


def globs(given: Globs) -> list[str]:
    """Names and globs as texts."""
    return [str(one) for one in several(given)]


def filters_of(**given: Globs) -> dict[str, Sequence[str]]:
    """The filters that were given."""
    return {name: globs(value) for name, value in given.items() if several(value)}


@contextmanager
def data_from(folder: str | Path | None) -> Iterator[None]:
    """Let a folder stand in for `TLBENCH_DATA` meanwhile. Raises `TlbenchError` where there is no such folder."""
    from tlbench.cli.options import use_data

    before = os.environ.get("TLBENCH_DATA")
    try:
        use_data(None if folder is None else Path(folder))
        yield
    finally:
        if before is not None:
            os.environ["TLBENCH_DATA"] = before
        elif folder is not None:
            os.environ.pop("TLBENCH_DATA", None)
