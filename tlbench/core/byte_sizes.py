"""Sizes as people write them: `8GiB`, `500MiB`."""

from __future__ import annotations

import re

from tlbench.errors import TlbenchError

_BYTES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def bytes_of(text: str, whose: str) -> int:
    """A positive size in bytes. Raises `TlbenchError` for anything else, which says `whose` value it is.

    >>> bytes_of("1.5GiB", "--memory")
    1610612736
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]iB|B?)", text.strip())
    if not match or float(match[1]) <= 0:
        raise TlbenchError(f"{whose} {text!r}: write a size as 20GiB or 500MiB")
    return int(float(match[1]) * _BYTES[match[2]])
