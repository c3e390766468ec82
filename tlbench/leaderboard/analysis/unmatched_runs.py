"""What a comparison does not show, and why: what one side alone has, and what has no number on either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tlbench.core.local_paths import shown_names
from tlbench.leaderboard.analysis.pairing import BySeed, CellKey
from tlbench.leaderboard.tables.cells import count

#: How many pairs or variants of a place a note names.
NAMED = 3
Side = Mapping[CellKey, BySeed]


def nothing_in_common(names: tuple[str, str], metric: str, selection: str, a: Side, b: Side) -> str:
    """A message: why no run of the one can be paired with one of the other."""
    head = f"{names[0]} and {names[1]} have no run with {metric} under {selection!r} in common"
    if a.keys() & b.keys():
        return f"{head}: {_reasons(names, a, b)}"
    return f"{head}: {names[0]} has {_listing(list(a))}; {names[1]} has {_listing(list(b))}"


def without_numbers(spots: Sequence[CellKey], a: Side, b: Side) -> str:
    """A note: a place that has no table, because no run of the one can be paired with one of the other there."""
    within: list[Side] = [{spot: side[spot] for spot in spots} for side in (a, b)]
    place = spots[0].shown_place(shown_names(spot.backbone for spot in (*a, *b)))
    return f"not compared: {place}: {_reasons(('A', 'B'), *within)}"


def alone(a: Side, b: Side) -> list[str]:
    """Notes: what only one of the two was asked for."""
    lines = []
    for name, ours, theirs in (("A", a, b), ("B", b, a)):
        spots = [spot for spot in ours if spot not in theirs]
        if spots:
            lines.append(f"not compared, because only {name} has it: {_listing(spots)}")
    return lines


def _reasons(names: tuple[str, str], a: Side, b: Side) -> str:
    """Why a side has no number at all; where both have some, they are not for the same seeds."""
    parts = []
    for name, side in zip(names, (a, b), strict=True):
        runs = [run for by_seed in side.values() for run in by_seed.values()]
        if all(run.value is None for run in runs):
            parts.append(f"{name}: " + ", ".join(dict.fromkeys(run.reason for run in runs)))
    return "; ".join(parts) or "each has numbers, but for other seeds of these pairs"


def _listing(spots: Sequence[CellKey]) -> str:
    """By place the pairs, or of several variants how many pairs of each."""
    backbones = shown_names(spot.backbone for spot in spots)
    by_place: dict[str, list[CellKey]] = {}
    for spot in spots:
        by_place.setdefault(spot.shown_place(backbones), []).append(spot)
    return "; ".join(f"{_names(within)} ({place})" for place, within in by_place.items()) or "nothing"


def _names(spots: Sequence[CellKey]) -> str:
    pairs = Counter(spot.variant for spot in spots)
    names = [f"{variant} on {count(number, 'pair')}" for variant, number in pairs.items()]
    if set(pairs) == {""}:
        names = [spot.pair for spot in spots]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
