"""Text from elsewhere, made fit for terminals, records and pages."""

from __future__ import annotations

import re

#: Control characters but tabs and newlines, surrogates that stand for bytes, and what turns the direction of writing.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def plain(text: str, most: int) -> str:
    """At most so many characters, with every one that is no text written as its escape."""
    cut = text[:most]
    shown = _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), cut)
    return shown if len(text) <= most else f"{shown} … ({len(text) - most:,} characters more)"
