"""Why numbers are missing: numbered footnotes, one for each variant and reason however many seeds it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables.cells import count

LONGEST_REASON = 160
NOT_ASKED = "not asked for by the suite"


@dataclass
class Footnotes:
    """The footnotes of one table, numbered in the order in which cells ask for them."""

    place: TableGroup
    texts: list[str] = field(default_factory=list)

    def add(self, text: str) -> tuple[int, ...]:
        """The number of a footnote; the same text has one number."""
        if text not in self.texts:
            self.texts.append(text)
        return (self.texts.index(text) + 1,)

    def missing(self, variant: str, metric: str, pairs: Sequence[str] | None = None) -> tuple[int, ...]:
        """Numbers of the footnotes for what a variant lacks on these pairs (default: on all)."""
        wanted = set(self.place.pairs if pairs is None else pairs)
        numbers: tuple[int, ...] = ()
        for reason, spots in self._holes(variant, metric).items():
            if any(pair in wanted for pair, _ in spots):
                numbers += self.add(f"{variant}: {reason} ({self._where(spots)})")
        return numbers

    def without_base(self, variant: str, pairs: Sequence[str] | None = None) -> tuple[int, ...]:
        """Numbers of the footnotes for references of a variant, on these pairs, that have no row and no number."""
        wanted = set(self.place.pairs if pairs is None else pairs)
        reasons: dict[str, list[tuple[str, int]]] = {}
        for pair in self.place.planned_pairs(variant):
            for seed, cell in self.place.by_spot[variant, pair].items():
                key = cell.references.get(self.place.base_of(variant) or "")
                if key and key != cell.run_key and self.place.score(key, self.place.metric, reference=True) is None:
                    reason = phrase(self.place.result_set.status(key), self.place.result_set.reason(key) or "no score")
                    reasons.setdefault(reason, []).append((pair, seed))
        numbers: tuple[int, ...] = ()
        for why, at in reasons.items():
            if any(pair in wanted for pair, _ in at):
                without = "adaptation" if variant in self.place.twins else "the source"
                numbers += self.add(f"{variant} without {without}: {why} ({self._where(at)})")
        return numbers

    def _holes(self, variant: str, metric: str) -> dict[str, list[tuple[str, int]]]:
        """(pair, seed) of the missing numbers by reason."""
        holes: dict[str, list[tuple[str, int]]] = {}
        for pair in self.place.pairs:
            cells = self.place.by_spot.get((variant, pair), {})
            for seed in self.place.seeds:
                cell = cells.get(seed)
                reason = NOT_ASKED if cell is None else self.place.reason(cell, metric)
                if reason is not None:
                    status = self.place.result_set.status(cell.run_key) if cell else "missing"
                    holes.setdefault(phrase(status, reason), []).append((pair, seed))
        return holes

    def _where(self, spots: Sequence[tuple[str, int]]) -> str:
        pairs = list(dict.fromkeys(pair for pair, _ in spots))
        total = len(self.place.pairs) * len(self.place.seeds)
        if len(spots) == total:
            return f"all {count(total, 'run')}" if total > 1 else "its only run"
        named = ", ".join(pairs[:3]) + (f" and {count(len(pairs) - 3, 'more pair')}" if len(pairs) > 3 else "")
        seeds = sorted({seed for _, seed in spots})
        every = len(spots) == len(pairs) * len(self.place.seeds)
        which = "all seeds" if every else f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
        return f"{len(spots)} of {count(total, 'run')}: {named}; {which}"


def phrase(status: str, reason: str) -> str:
    """A status and a reason in one line, which is cut where it is long."""
    line = next(iter(reason.strip().splitlines()), "")
    line = line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"
    return line if status in ("missing", "ok", line) else f"{status}: {line}"
