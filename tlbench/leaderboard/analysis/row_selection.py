"""Rows that stand for a choice: a grid's member by a selection protocol, and the best of several single sources."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tlbench.evaluation.selection import DESCRIPTIONS, WITHIN_RUNS
from tlbench.leaderboard.analysis.candidate_ratings import Ratings, best_rating, candidate_ratings
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.record import Record
from tlbench.suites.suite import SINGLE_SOURCE

BEST_SINGLE = "best single source"
#: Ways to end that rule a member out; a member that was not run could still have been the best.
RULED_OUT = ("failed", "diverged", "timeout", "out_of_memory", "crashed", "skipped")

#: Of equal members the first stands; of runs that were made from this version of the protocol on, the one that these
#: rate best, the first of them that tells them apart. Choices among earlier runs stay what they were published as.
TIES_BROKEN_FROM = 2
#: Neither reads a target label. The first has no steps, as accuracies have, so that it hardly ever ties itself.
TIE_BREAKERS = ("infomax", "source-val")

#: A row, a pair and a seed.
Where = tuple[str, str, int]


@dataclass
class Choices:
    """Cells with the choices made; for each, the keys of all runs that it was made among; what was chosen, in words."""

    cells: list[PlannedCell]
    considered: dict[Where, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def choose_members(result_set: ResultSet, cells: Sequence[PlannedCell], selection: str, *, keep: bool) -> Choices:
    """A row for every grid, in each place its member with the best score by `selection`.

    Members leave their rows to it unless `keep`. `last` chooses nothing: it takes parameters as they are given. Nor
    does `ensv`, whose scores say nothing of another run, nor a protocol that scores no member, because the setting
    lacks what it reads.
    """
    families = list(
        dict.fromkeys(cell.family for cell in cells if cell.family and _is_scored(result_set, cell, selection))
    )
    if selection in WITHIN_RUNS or not families:
        return Choices(list(cells))
    choices = Choices([cell for cell in cells if keep or cell.family not in families])
    for family in families:
        by_run: dict[tuple[object, ...], list[PlannedCell]] = {}
        for cell in cells:
            if cell.family == family:
                place = (cell.setting, cell.shots, cell.evaluation, cell.backbone)
                by_run.setdefault((*place, cell.pair, cell.seed), []).append(cell)
        chosen = [_best(result_set, members, selection) for members in by_run.values()]
        for cell, members in zip(chosen, by_run.values(), strict=True):
            choices.cells.append(cell.model_copy(update={"variant": family}))
            choices.considered[family, cell.pair, cell.seed] = [member.run_key for member in members]
        line = _line(result_set, family, chosen, selection, max(map(len, by_run.values())))
        choices.lines.append(line + _ties(result_set, list(by_run.values()), selection))
    return choices


def with_choices(result_set: ResultSet, selection: str) -> ResultSet:
    """The result set with a row for every grid beside the rows of its members."""
    cells = choose_members(result_set, result_set.cells, selection, keep=True).cells
    return replace(result_set, plan=result_set.plan.model_copy(update={"cells": cells}))


def _is_scored(result_set: ResultSet, cell: PlannedCell, selection: str) -> bool:
    record = result_set.records.get(cell.run_key)
    return record is not None and selection in record.metrics


def choice_among(records: Sequence[Record], ratings: Sequence[Ratings]) -> int:
    """The position of the run with the best rated checkpoint. Ties are broken as `TIES_BROKEN_FROM` says."""
    tied = _tied([best_rating(own) for own in ratings])
    return (_told_apart(records, tied) or tied)[0]


def _tied(scores: Sequence[float]) -> list[int]:
    """The positions of the highest score; of the first where nothing has one."""
    best = max(scores)
    return [0] if best == -math.inf else [at for at, score in enumerate(scores) if score == best]


def _told_apart(records: Sequence[Record], tied: Sequence[int]) -> list[int]:
    """Of runs of equal scores the one that the second protocols rate best; none where these do not decide."""
    if len(tied) < 2 or any(records[at].spec.protocol < TIES_BROKEN_FROM for at in tied):
        return []
    several = [records[at] for at in tied]
    rated = list(zip(*(_best_ratings(several, name) for name in TIE_BREAKERS), strict=True))
    best = [at for at, rating in zip(tied, rated, strict=True) if rating == max(rated)]
    return best if len(best) == 1 else []


def _best(result_set: ResultSet, members: Sequence[PlannedCell], selection: str) -> PlannedCell:
    """The member with the best rating; one that is not there, where there is such a one."""
    for member in members:
        if result_set.status(member.run_key) not in ("ok", *RULED_OUT):
            return member
    records = [result_set.records[member.run_key] for member in members]
    return members[choice_among(records, _ratings(records, selection))]


def _ratings(records: Sequence[Record], selection: str) -> list[Ratings]:
    """By run the ratings of its checkpoints; none of one that failed or lacks the protocol."""
    rated = [at for at, record in enumerate(records) if _is_rated(record, selection)]
    found = candidate_ratings([records[at] for at in rated], selection) or []
    by_position = dict(zip(rated, found, strict=True))
    return [by_position.get(at, []) for at in range(len(records))]


def _best_ratings(records: Sequence[Record], selection: str) -> list[float]:
    return [best_rating(own) for own in _ratings(records, selection)]


def _is_rated(record: Record, selection: str) -> bool:
    return record.status == "ok" and candidate_ratings([record], selection) is not None


def _line(result_set: ResultSet, family: str, chosen: Sequence[PlannedCell], selection: str, members: int) -> str:
    """How often which member was chosen, by what, and how often there was nothing to choose by."""
    there = [cell for cell in chosen if result_set.status(cell.run_key) == "ok"]
    rated = [cell for cell in there if _best_ratings([result_set.records[cell.run_key]], selection) != [-math.inf]]
    counts = Counter(cell.variant for cell in rated)
    named = ", ".join(f"{variant.removeprefix(family)} {number}" for variant, number in counts.most_common())
    why = DESCRIPTIONS.get(selection, selection)
    blind = len(there) - len(rated)
    rest = f"; in {blind} no member had a score, and the first stands" if blind else ""
    return f"{family}: of {members} members {selection} ({why}) chose, in {len(chosen)} runs: {named or 'none'}{rest}"


def _ties(result_set: ResultSet, runs: Sequence[Sequence[PlannedCell]], selection: str) -> str:
    """In how many runs several members had the highest score, and what decided."""
    decided, stands = 0, 0
    for members in runs:
        if any(result_set.status(member.run_key) not in ("ok", *RULED_OUT) for member in members):
            continue
        records = [result_set.records[member.run_key] for member in members]
        tied = _tied(_best_ratings(records, selection))
        if len(tied) > 1:
            told_apart = bool(_told_apart(records, tied))
            decided, stands = decided + told_apart, stands + (not told_apart)
    if not decided + stands:
        return ""
    rest = f", but in {stands}, where the first stands" if stands else ""
    return f"; in {decided + stands} of them several members had the same score, and {TIE_BREAKERS[0]} decided{rest}"


def choose_single_source(
    cells: Sequence[PlannedCell], value: Callable[[PlannedCell], float | None]
) -> tuple[list[PlannedCell], list[str]]:
    """One row in place of `source-only` from each of several sources: on each pair the best, by its mean over seeds.

    `value` is larger for a better run, None for one that is not there; a source with a hole is no candidate.
    """
    single = [cell for cell in cells if cell.role == "reference" and SINGLE_SOURCE in cell.variant]
    if not single:
        return list(cells), []
    kept = [cell for cell in cells if cell not in single]
    said = []
    for pair in dict.fromkeys(cell.pair for cell in single):
        by_source: dict[str, list[PlannedCell]] = {}
        for cell in single:
            if cell.pair == pair:
                by_source.setdefault(cell.variant.partition(SINGLE_SOURCE)[2], []).append(cell)
        best = max(by_source, key=lambda source: _mean(map(value, by_source[source])))
        kept += [cell.model_copy(update={"variant": BEST_SINGLE}) for cell in by_source[best]]
        said.append(f"{best} on {pair}")
    note = f"{BEST_SINGLE}: source-only from the one that does best on the target test split, so chosen in hindsight"
    return kept, [f"{note} ({', '.join(said)})"]


def _mean(values: Iterable[float | None]) -> float:
    found = list(values)
    return statistics.fmean(v for v in found if v is not None) if None not in found else -math.inf
