"""Names as users' files write them: compared in one Unicode form; those that only look alike are found and shown."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

#: Signs that nothing is drawn for, beside those of Unicode's categories of controls and formats: a joiner of
#: graphemes, fillers of Hangul, the empty pattern of Braille, and selectors of variants.
_INVISIBLE = {"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", *map(chr, range(0xFE00, 0xFE10))}


def composed(name: str) -> str:
    r"""A name in Unicode's normal form C: é is one sign, whether a system writes it as one or as e and an accent.

    >>> composed("cafe\u0301") == "caf\u00e9"
    True
    """
    return unicodedata.normalize("NFC", name)


def _is_invisible(sign: str) -> bool:
    return sign in _INVISIBLE or (unicodedata.category(sign) in ("Cc", "Cf") and not sign.isspace())


#: What names that look alike may differ in, and how a name is written without it.
_DIFFERENCES: dict[str, Callable[[str], str]] = {
    "invisible signs": lambda name: "".join(sign for sign in name if not _is_invisible(sign)),
    "spaces": lambda name: "".join(sign for sign in name if not sign.isspace()),
    "forms of letters": lambda name: unicodedata.normalize("NFKC", name),
    "upper and lower case": str.casefold,
}


def _plain(name: str, kinds: Iterable[str] = _DIFFERENCES) -> str:
    """A name without these differences, or without any."""
    for kind in kinds:
        name = _DIFFERENCES[kind](name)
    return name


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Different names that differ by case, spaces, invisible signs or forms of letters alone, in groups.

    >>> look_alikes(["mug", "Mug", "pen"])
    [('Mug', 'mug')]
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[_plain(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def looks_like(name: str, known: Iterable[str]) -> str | None:
    """The first of some known names that another, which is none of them, looks like."""
    known = list(known)
    return None if name in known else next((each for each in known if _plain(each) == _plain(name)), None)


def sentence(group: Sequence[str]) -> str:
    r"""What names that look alike differ by, shown so that it can be seen.

    >>> sentence(("mug", "mug\u200b"))
    "'mug' and 'mug\\u200b' differ in invisible signs alone"
    """
    kinds = _differing(group)
    named = [shown(name) for name in group]
    return f"{', '.join(named[:-1])} and {named[-1]} differ in {' and '.join(kinds)} alone"


def _differing(group: Sequence[str]) -> list[str]:
    """The kinds of differences, as few as explain that the names are not the same."""

    def same(kinds: Sequence[str]) -> bool:
        return len({_plain(name, kinds) for name in group}) == 1

    needed = [kind for kind in _DIFFERENCES if not same([other for other in _DIFFERENCES if other != kind])]
    if same(needed):
        return needed
    # Some differences are of two kinds, as a space that may not break is a space and a form of one.
    return next(([*needed, kind] for kind in _DIFFERENCES if same([*needed, kind])), list(_DIFFERENCES))


def name_notes(domains: Iterable[str], classes: Iterable[str]) -> list[str]:
    """Sentences on domains and on classes that look alike, and are kept apart all the same."""
    found = [("domains", group) for group in look_alikes(domains)]
    found += [("classes", group) for group in look_alikes(classes)]
    return [f"{kind} {sentence(group)} and count as {len(group)}: rename them if they are one" for kind, group in found]


def shown(name: str) -> str:
    r"""A name in quotes, with what cannot be seen in it written as a number of Unicode.

    >>> shown("a\ufe0fb")
    "'a\\ufe0fb'"
    """
    return "".join(f"\\u{ord(sign):04x}" if sign in _INVISIBLE else sign for sign in repr(name))
