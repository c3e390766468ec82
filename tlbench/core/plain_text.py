"""Text of others, made fit to be shown: what a terminal or a page would obey is replaced, what it says stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: In place of each sign that is left out.
REPLACEMENT = "?"
#: Control characters (ESC, NUL, BEL and the C1 ones, of which U+009B starts a command), separators of lines, marks that
#: change the direction of what follows, other invisible formatting, private use, surrogates and non-characters. Joiners
#: (U+200C, U+200D) stay: emoji and several scripts are written with them, and they move nothing.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u070f\u08e2\u115f\u1160\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_OBEYED_BUT_LINES = re.compile(_OBEYED.pattern.replace("[\x00-\x1f", "[\x00-\x08\x0b-\x1f"))


def plain(text: str) -> str:
    r"""One line of text without what is obeyed.

    >>> plain("a\x1b[31mb")
    'a?[31mb'
    """
    return _OBEYED.sub(REPLACEMENT, text)


def plain_lines(text: str) -> str:
    """The same, of text whose line feeds and tabs are its own."""
    return _OBEYED_BUT_LINES.sub(REPLACEMENT, text)


def clipped(text: str, most: int) -> str:
    """At most so many characters, in which what is obeyed stands as its escape, for messages that say what was said."""
    shown = _OBEYED_BUT_LINES.sub(lambda sign: sign[0].encode("unicode_escape").decode("ascii"), text[:most])
    return shown if len(text) <= most else f"{shown} … ({len(text) - most:,} characters more)"


def plain_data(value: Any) -> Any:
    """Plain data, lists and tables of texts and numbers, each of whose texts has become plain; its line feeds stay."""
    if isinstance(value, str):
        return plain_lines(value)
    if isinstance(value, Mapping):
        return {plain_data(key): plain_data(inner) for key, inner in value.items()}
    return [plain_data(inner) for inner in value] if isinstance(value, list | tuple) else value


def escaped(json_text: str) -> str:
    """JSON in which what is obeyed stands as an escape, so that it means the same and moves no terminal."""
    return _OBEYED_BUT_LINES.sub(lambda match: _escape(match[0]), json_text)


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index : index + 2].hex()}" for index in range(0, len(units), 2))
