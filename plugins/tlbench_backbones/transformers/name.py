"""Names of transformers encoders, parsed. Light: no library is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError, unknown

FORM = "write transformers:FOLDER_OR_ID?key=value&key=value, of which FOLDER_OR_ID alone is needed"
POOLINGS = ("mean", "cls")
MAX_LENGTH = 128
#: Two or three tokens mark where a text begins and ends, and one must be left.
SHORTEST = 4
#: In token ids, in place of a token, after the end of a text. No vocabulary has it, whereas some pad with a token that
#: also means something (GPT's end of text), and a text may spell out any special token.
PADDING = -1


@dataclass(frozen=True)
class ParsedName:
    """What an argument asks for; `revision` is None where none is named.

    `trusted`: whether Python code that comes with the model may run; `argument` is the whole of it.
    """

    name: str
    pooling: str = "mean"
    max_length: int = MAX_LENGTH
    revision: str | None = None
    normalise: bool = field(default=False, repr=False)
    trusted: bool = field(default=False, repr=False)
    argument: str = field(default="", repr=False, compare=False)

    @property
    def reading(self) -> str:
        """How texts become features, whatever the weights are."""
        return f"{self.pooling},{self.max_length}{',normalised' if self.normalise else ''}"

    @property
    def folder(self) -> Path | None:
        """The local folder that the name means, None where it is an id of the hub."""
        path = Path(self.name).expanduser()
        like_a_path = self.name.startswith(("/", ".", "~")) or self.name.count("/") > 1 or "\\" in self.name
        return path if path.is_dir() or like_a_path else None


def parse(argument: str) -> ParsedName:
    """The parts of an argument. Raises `TlbenchError` for what has another form.

    >>> parse("distilbert-base-uncased?pooling=cls&max_length=64")
    ParsedName(name='distilbert-base-uncased', pooling='cls', max_length=64, revision=None)
    """
    name, question, rest = argument.partition("?")
    if not name or (question and not rest):
        raise TlbenchError(f"{argument!r} has an empty part; {FORM}")
    given = dict(_pair(item) for item in rest.split("&")) if rest else {}
    parsed = ParsedName(name, **{key: KEYS[key](value) for key, value in given.items()}, argument=argument)
    if parsed.revision is not None and parsed.folder is not None:
        message = f"revision={parsed.revision}: {name!r} is a folder, and revisions are those of the hub"
        raise TlbenchError(f"{message}; leave the key out")
    return parsed


def _pair(item: str) -> tuple[str, str]:
    key, equals, value = item.partition("=")
    if not equals or not value:
        raise TlbenchError(f"{item!r} is no key=value; {FORM}")
    if key not in KEYS:
        raise TlbenchError(unknown("key", key, KEYS))
    return key, value


def _pooling(value: str) -> str:
    if value not in POOLINGS:
        raise TlbenchError(f"pooling={value}: it must be one of {', '.join(POOLINGS)}")
    return value


def _max_length(value: str) -> int:
    if not value.isdecimal() or int(value) < SHORTEST:
        raise TlbenchError(f"max_length={value}: it must be a whole number of tokens from {SHORTEST}")
    return int(value)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise TlbenchError(f"normalise={value}: it must be true or false")
    return value == "true"


#: The keys of an argument, and what reads their values.
KEYS: dict[str, Callable[[str], Any]] = {
    "pooling": _pooling,
    "max_length": _max_length,
    "normalise": _truth,
    "revision": str,
}
