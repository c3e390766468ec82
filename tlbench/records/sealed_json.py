"""JSON on disk with a digest of itself as its last key, so that a file that has changed does not pass for another one.

The digest holds for the bytes before it: whatever is written once and is read as it was written has it, and a file
without one, as earlier versions wrote them and as published folders hold them, is read as it is.
"""

from __future__ import annotations

import hashlib
import re

_END = "\n}\n"
_SEAL = re.compile(rb',\n "digest": "sha256:([0-9a-f]{64})"\n}\s*\Z')


class BrokenSeal(ValueError):
    """The content is not the one that was written."""


def sealed(text: str) -> str:
    """A table of JSON, an indent of one space a level, with its digest. Raises `ValueError` for any other text."""
    if not text.endswith(_END) or len(text) <= len(_END):
        raise ValueError("a table of JSON with an indent of one space is expected, which ends with a line's end")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text.removesuffix(_END)},\n "digest": "sha256:{digest}"{_END}'


def unsealed(content: bytes) -> bytes:
    """What was sealed. Raises `BrokenSeal` where it has changed since; content without a seal stays as it is."""
    seal = _SEAL.search(content, max(0, len(content) - 200))
    if seal is None:
        return content
    body = content[: seal.start()] + _END.encode()
    if hashlib.sha256(body).hexdigest().encode() != seal[1]:
        raise BrokenSeal("its content is not what was written: the digest at its end is another")
    return body
