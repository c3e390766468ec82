"""The figures of a suite's tables as SVG, each with a hash of what it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tlbench.figures.figure import KINDS, SHOTS, curve_name, data_hash, drawn, missing
from tlbench.figures.shots import shots
from tlbench.leaderboard.analysis.budget_curves import budget_curves
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.leaderboard import places
from tlbench.leaderboard.tables import notes

FOLDER = "figures"
_MARK = re.compile(rb"<!-- what it shows: sha256 ([0-9a-f]{64}) -->")


@dataclass(frozen=True)
class Picture:
    """A drawing in a file of the folder `figures`: its kind, what it is of, and the data that it shows.

    It takes half a second to draw, and is drawn only where the file there shows something else.
    """

    name: str
    kind: str
    title: str
    data: Mapping[str, Any]

    @cached_property
    def shows(self) -> str:
        """The hash of what it shows."""
        return data_hash({"title": self.title} | dict(self.data))

    def svg(self) -> bytes:
        """The drawing, with that hash in it."""
        mark = f"<!-- what it shows: sha256 {self.shows} -->\n"
        return drawn(self.kind, self.data, self.title, "svg") + mark.encode()


def pictures(result_set: ResultSet) -> list[Picture]:
    """The figures of every table by the suite's own metric and protocol, and of its label budgets.

    Those that have something to show.
    """
    seen: Counter[str] = Counter()
    made = places(result_set)
    return [picture for place in made for picture in _of(place, seen)] + list(_of_budgets(made))


def shown_hash(svg: bytes) -> str | None:
    """The hash of what a drawing shows; None where it does not say."""
    found = _MARK.search(svg)
    return found[1].decode() if found else None


def _of(place: TableGroup, seen: Counter[str]) -> Iterator[Picture]:
    slug = _slug(notes.place_name(place))
    seen[slug] += 1
    slug += f"-{seen[slug]}" if seen[slug] > 1 else ""
    for kind, data_of in KINDS.items():
        data = data_of(place)
        if not missing(kind, data):
            yield Picture(f"{kind}-{slug}.svg", kind, notes.title(place), data)


def _of_budgets(made: Sequence[TableGroup]) -> Iterator[Picture]:
    for curve in budget_curves(made):
        data = shots(curve)
        if not missing(SHOTS, data):
            title = notes.title(curve.first, budget=", by label budget")
            yield Picture(f"{SHOTS}-{_slug(curve_name(curve))}.svg", SHOTS, title, data)


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
