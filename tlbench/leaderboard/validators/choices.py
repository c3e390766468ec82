"""The choices that records allow: among a run's checkpoints, a grid's members, and the strategies of a pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlbench.evaluation.choice_quality import ChoiceQuality, choice_quality
from tlbench.evaluation.selection import WITHIN_RUNS
from tlbench.evaluation.validators.ensemble import vote_agreement
from tlbench.leaderboard.analysis.candidate_ratings import Ratings, best_rating, candidate_ratings
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.row_selection import choice_among
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import Record

Kind = Literal["checkpoint", "member", "strategy"]
#: What is chosen, in words.
KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        "checkpoint": "a checkpoint of one run",
        "member": "a member of a grid, and its checkpoint",
        "strategy": "a strategy at its last step",
    }
)
#: Predicted classes of the target test items at the last step, by run key.
Votes: TypeAlias = Mapping[str, NDArray[np.integer[Any]]]
TEST = "target-test"
SOURCE_ONLY = "source-only"
ENSEMBLE = "ensv"


@dataclass(frozen=True)
class Choice:
    """One choice: its kind, the cell whose seeds it is one of, the runs to choose among in their order, and votes.

    Of equally rated runs the first stands, of a run's checkpoints the last.
    """

    kind: Kind
    cell: tuple[Any, ...]
    records: tuple[Record, ...]
    votes: Votes

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same choice in another suite."""
        return self.kind, *(record.run_key for record in self.records)

    def quality(self, protocol: str) -> ChoiceQuality | None:
        """How well a protocol chose here; None where some run has no rating by it, or there are not two to compare."""
        ratings = self._rated(protocol)
        if ratings is None or sum(rating is not None for own in ratings for rating in own) < 2:
            return None
        if all(best_rating(own) == float("-inf") for own in ratings):
            return None
        run = choice_among(self.records, ratings)
        own = ratings[run]
        step = max(range(len(own)), key=lambda at: (float("-inf") if own[at] is None else own[at], at))
        flat = [rating for each in ratings for rating in each]
        return choice_quality(flat, self._scores, sum(map(len, ratings[:run])) + step)

    @property
    def random(self) -> ChoiceQuality:
        """What a choice by chance has on average."""
        possible = max(self._scores) - sum(self._scores) / len(self._scores)
        return ChoiceQuality(possible, 0.0, possible, None, tied=False)

    @cached_property
    def _scores(self) -> list[float]:
        """Test accuracy of every candidate."""
        return [float(value or 0.0) for record in self.records for value in self._kept(record.selection[TEST])]

    def _rated(self, protocol: str) -> list[Ratings] | None:
        if protocol in WITHIN_RUNS and self.kind != "checkpoint":
            return self._agreement() if protocol == ENSEMBLE else None
        ratings = candidate_ratings(self.records, protocol)
        return None if ratings is None else [self._kept(own) for own in ratings]

    def _agreement(self) -> list[Ratings] | None:
        """Agreement with the vote of all, which is known of the last steps alone."""
        votes = [self.votes.get(record.run_key) for record in self.records]
        there = [vote for vote in votes if vote is not None]
        if len(there) < len(votes) or len({len(vote) for vote in there}) != 1:
            return None
        shares = vote_agreement(there)
        return [
            self._kept([*(None for _ in record.checkpoints[1:]), share])
            for record, share in zip(self.records, shares, strict=True)
        ]

    def _kept(self, values: Sequence[Any]) -> list[Any]:
        """Of a run's checkpoints those that are candidates."""
        return list(values[-1:] if self.kind == "strategy" else values)


def choices(result_set: ResultSet, cells: Sequence[PlannedCell], votes: Votes | None = None) -> Iterator[Choice]:
    """The choices that these cells allow. One with a run that is missing is left out; failed runs are no candidates."""
    of_strategies = [cell for cell in cells if cell.role == "strategy"]
    held = votes or {}
    for cell in of_strategies:
        yield from _choice("checkpoint", (*_place(cell), cell.variant), [cell], result_set, held)
    for where, members in _grouped(of_strategies, lambda cell: cell.family):
        yield from _choice("member", where, members, result_set, held)
    plain = [cell for cell in cells if cell.role == "reference" and cell.variant == SOURCE_ONLY]
    for where, rivals in _grouped([*plain, *of_strategies], lambda cell: SOURCE_ONLY):
        yield from _choice("strategy", where, rivals, result_set, held)


def _choice(
    kind: Kind, where: tuple[Any, ...], cells: Iterable[PlannedCell], result_set: ResultSet, votes: Votes
) -> Iterator[Choice]:
    keys = list(dict.fromkeys(cell.run_key for cell in cells))
    if any(result_set.status(key) == "missing" for key in keys):
        return
    found = [record for key in keys if (record := result_set.records[key]).status == "ok" and _tested(record)]
    count = sum(len(record.checkpoints) for record in found) if kind == "checkpoint" else len(found)
    if count > 1:
        yield Choice(kind, where, tuple(found), votes)


def _tested(record: Record) -> bool:
    tested = record.selection.get(TEST, [])
    return bool(tested) and len(tested) == len(record.checkpoints) and None not in tested


def _place(cell: PlannedCell) -> tuple[Any, ...]:
    return cell.setting, cell.shots, cell.evaluation, cell.backbone, cell.pair


def _grouped(cells: Iterable[PlannedCell], name: Any) -> Iterator[tuple[tuple[Any, ...], list[PlannedCell]]]:
    """Cells of one place, pair, seed and name, where they have one; the seed is left out of what is said of them."""
    groups: dict[tuple[Any, ...], list[PlannedCell]] = {}
    for cell in cells:
        if called := name(cell):
            groups.setdefault((*_place(cell), called, cell.seed), []).append(cell)
    return ((where[:-1], members) for where, members in groups.items())
