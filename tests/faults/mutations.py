"""Files with changes that no program makes: bits, bytes, pieces that go, come twice or change places, and tokens."""

from __future__ import annotations

import random
from collections.abc import Callable

#: What a mutation writes into a text: ends of numbers, brackets without end, signs that mean something somewhere.
TOKENS = (
    *(b"Infinity", b"-Infinity", b"NaN", b"1e999999999", b"1e-999999999999999999999", b"0x7fffffffffffffff"),
    *(b"9" * 400, b"null", b"true", b"[]", b"{}", b'""', b"[[[[[[", b"}", b"]", b'"', b"'", b"\\", b"\\u0000"),
    *(b"\\ud800", b"=", b",", b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\x1b[2J", "\u202e".encode()),
    *("😀".encode(), b"../", b"/etc/passwd", b"-1", b"1979-05-27T07:32:00Z", b"inf", b"nan", b"\n[part]\n"),
    *(b"\n[[part]]\n", b'"""', b"#", b"a.b.c", b" " * 50, b"0", b";"),
)


def mutated(content: bytes, random_: random.Random) -> bytes:
    """Some content with one to three changes: bits, bytes, pieces that go, come twice or change places, and tokens."""
    changed = bytearray(content)
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        random_.choice(_CHANGES)(changed, random_)
    return bytes(changed)


def _flip(content: bytearray, random_: random.Random) -> None:
    if content:
        content[random_.randrange(len(content))] ^= 1 << random_.randrange(8)


def _drop(content: bytearray, random_: random.Random) -> None:
    start = random_.randrange(len(content) + 1)
    del content[start : start + random_.choice((1, 1, 5, 40, 400))]


def _repeat(content: bytearray, random_: random.Random) -> None:
    start = random_.randrange(len(content) + 1)
    piece = content[start : start + random_.choice((1, 5, 40, 400))]
    content[start:start] = piece * random_.choice((1, 1, 3, 50))


def _cut(content: bytearray, random_: random.Random) -> None:
    del content[random_.randrange(len(content) + 1) :]


def _insert(content: bytearray, random_: random.Random) -> None:
    at = random_.randrange(len(content) + 1)
    content[at:at] = random_.choice(TOKENS)


def _replace_value(content: bytearray, random_: random.Random) -> None:
    """A token in place of what stands between two signs that separate values."""
    ends = [index for index, byte in enumerate(content) if byte in b"=:,\n[]{}"]
    if len(ends) > 1:
        which = random_.randrange(len(ends) - 1)
        content[ends[which] + 1 : ends[which + 1]] = random_.choice(TOKENS)


def _swap_lines(content: bytearray, random_: random.Random) -> None:
    lines = bytes(content).split(b"\n")
    one, two = random_.randrange(len(lines)), random_.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    content[:] = b"\n".join(lines)


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _drop, _repeat, _cut, _insert, _insert, _replace_value, _replace_value, _replace_value, _swap_lines),
)
