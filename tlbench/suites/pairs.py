"""Pairs of sources and target as a suite file writes them."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Tag

from tlbench.core.names import composed
from tlbench.core.run_spec import WEIGHTS
from tlbench.errors import TlbenchError
from tlbench.suites.unique_values import AtLeastOne, Distinct, repeated

_SIGNS = re.compile(r"[*?\[]")
_PAIR_FORM = "write a pair as source:target, several sources as one+two:target"


def parse_pair(text: str) -> tuple[tuple[str, ...], str]:
    """Sources and target of a pair as users type it. Raises `TlbenchError` for anything else.

    >>> parse_pair("books+dvd:kitchen")
    (('books', 'dvd'), 'kitchen')
    """
    left, colon, target = composed(text).partition(":")
    sources = tuple(left.split("+"))
    if not colon or ":" in target:
        raise TlbenchError(f"{text!r} must have exactly one colon; {_PAIR_FORM}")
    if not target or not all(sources):
        raise TlbenchError(f"{text!r} has an empty name; {_PAIR_FORM}")
    if twice := repeated(sources):
        raise TlbenchError(f"{text!r} names the source {twice[0]!r} twice")
    if target in sources:
        raise TlbenchError(f"{text!r} has {target!r} as source and as target")
    if WEIGHTS in sources and len(sources) > 1:
        raise TlbenchError(f"{text!r} joins {WEIGHTS!r} with other sources; write {WEIGHTS}:{target}")
    return sources, target


def is_glob(text: str) -> bool:
    """Whether a pair is written with the signs of a glob, as in `photo:*`; a domain may have such signs in its name."""
    return bool(_SIGNS.search(text))


def expanded(texts: Sequence[str], domains: Sequence[str]) -> list[str]:
    """Pairs with every glob as the pairs of two domains that it matches, in the order of `domains`, each once.

    `weights:*` are the pairs from the backbone's weights. What names domains of the dataset is no glob.

    >>> expanded(["photo:*", "art+photo:sketch"], ["art", "photo", "sketch"])
    ['photo:art', 'photo:sketch', 'art+photo:sketch']
    """
    found = {pair: None for text in texts for pair in (matched(text, domains) if is_glob(text) else [text])}
    return list(found)


def matched(glob: str, domains: Sequence[str]) -> list[str]:
    """The pairs that a glob stands for, or the pair itself that names domains with the signs of globs."""
    left, _, target = glob.partition(":")
    if {*left.split("+"), target} <= {*domains, WEIGHTS}:
        return [glob]
    if left == WEIGHTS:
        return [f"{WEIGHTS}:{name}" for name in domains if fnmatch.fnmatchcase(name, target)]
    pairs = (f"{source}:{target}" for source, target in itertools.permutations(domains, 2))
    return [pair for pair in pairs if fnmatch.fnmatchcase(pair, glob)]


def _pair_text(text: str) -> str:
    if is_glob(text):  # what it matches is known with the domains
        return text
    try:
        parse_pair(text)
    except TlbenchError as error:
        raise ValueError(str(error)) from None
    return composed(text)


def _one_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<one>"


PairList = Annotated[list[Annotated[str, AfterValidator(_pair_text)]], AtLeastOne, Distinct]
# The tag, which `faults` leaves out of places, keeps the faults of a list apart from those of "all".
Pairs = Annotated[
    Annotated[Literal["all"], Tag("<one>")] | Annotated[PairList, Tag("<list>")], Discriminator(_one_or_list)
]


def common_pairs(one: str | list[str], other: str | list[str]) -> list[str]:
    """The pairs that two parts share as they are written; `["all"]` where both have all ordered pairs of domains."""
    if one == "all" == other:
        return ["all"]
    if other == "all":
        one, other = other, one
    if one == "all":
        return [text for text in other if is_glob(text) or _is_of_two_domains(text)]
    return [text for text in one if any(_may_be_one(text, written) for written in other)]


def _may_be_one(one: str, other: str) -> bool:
    """Whether two texts may stand for a pair in common; of two globs that is taken for granted."""
    if is_glob(one) and is_glob(other):
        return True
    return one == other or fnmatch.fnmatchcase(one, other) or fnmatch.fnmatchcase(other, one)


def _is_of_two_domains(text: str) -> bool:
    sources, _ = parse_pair(text)
    return len(sources) == 1 and sources != (WEIGHTS,)
