"""Sources as rows and targets as columns: which of them a table has, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables.cells import Column

#: A name with a colon, which no domain bears.
FIRST = Column("source:target", "source", "left")


@dataclass(frozen=True)
class SourceGrid:
    """The sources and targets of one table, and the pairs that its suite asks for."""

    sources: Sequence[str]
    targets: Sequence[str]
    asked: frozenset[str]

    @classmethod
    def of(cls, place: TableGroup) -> SourceGrid:
        """Targets stand in the order of the sources, so that what a domain is not asked for lies on the diagonal."""
        sources = sources_of(place)
        targets = dict.fromkeys(cell.target for cell in place.cells)
        ordered = dict.fromkeys([*(source for source in sources if source in targets), *targets])
        return cls(sources, list(ordered), frozenset(cell.pair for cell in place.cells))

    def sources_of(self, target: str) -> list[str]:
        """The sources that could be those of a target."""
        return [s for s in self.sources if target not in s.split("+") or pair_of(s, target) in self.asked]

    def pairs(self) -> Iterable[str]:
        """Every pair that could be: a domain is no source of itself."""
        return (pair_of(source, target) for target in self.targets for source in self.sources_of(target))


def sources_of(place: TableGroup) -> list[str]:
    """The sources of a table, several of one pair joined."""
    return list(dict.fromkeys("+".join(cell.source) for cell in place.cells))


def pair_of(source: str, target: str) -> str:
    """As a cell of a plan has it."""
    return f"{source or '-'}:{target}"
