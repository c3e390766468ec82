"""The figures of a suite's tables as SVG, each with a hash of what it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tlbench.figures.figure import KINDS, data_hash, drawn, missing
from tlbench.leaderboard import notes
from tlbench.leaderboard.frame import Board
from tlbench.leaderboard.scores import Place
from tlbench.leaderboard.table import places

FOLDER = "figures"
_MARK = re.compile(rb"<!-- what it shows: sha256 ([0-9a-f]{64}) -->")


@dataclass(frozen=True)
class Picture:
    """A drawing in a file of the folder `figures`: what it is of, and its SVG with the hash of its data."""

    name: str
    title: str
    svg: bytes


def pictures(board: Board) -> list[Picture]:
    """The figures of every table by the suite's own metric and protocol, those that have something to show."""
    seen: Counter[str] = Counter()
    return [picture for place in places(board) for picture in _of(place, seen)]


def shown_hash(svg: bytes) -> str | None:
    """The hash of what a drawing shows; None where it does not say."""
    found = _MARK.search(svg)
    return found[1].decode() if found else None


def _of(place: Place, seen: Counter[str]) -> Iterator[Picture]:
    slug = re.sub("[^a-z0-9]+", "-", notes.place_name(place).lower()).strip("-")
    seen[slug] += 1
    slug += f"-{seen[slug]}" if seen[slug] > 1 else ""
    for kind, data_of in KINDS.items():
        data = data_of(place)
        if not missing(kind, data):
            title = notes.title(place)
            mark = f"<!-- what it shows: sha256 {data_hash({'title': title} | data)} -->\n".encode()
            yield Picture(f"{kind}-{slug}.svg", f"{kind}: {title}", drawn(kind, data, title, "svg") + mark)
