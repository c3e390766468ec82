"""Rows that stand for a choice: a grid's member by a selection protocol, and the best of several single sources."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tlbench.evaluation.selection import DESCRIPTIONS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.records.planned_cell import PlannedCell
from tlbench.suites.suite import SINGLE_SOURCE

BEST_SINGLE = "best single source"
#: Ways to end that rule a member out; a member that was not run could still have been the best.
RULED_OUT = ("failed", "diverged", "timeout", "out_of_memory", "crashed", "skipped")

#: Among members of equal scores the first of these protocols decides that is not the one they are equal by.
TIE_BREAKERS = ("source-val", "infomax")

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

    Members leave their rows to it unless `keep`. `last` chooses nothing: it takes parameters as they are given; nor
    does a protocol that scores no member, because the setting lacks what it reads.
    """
    families = list(
        dict.fromkeys(cell.family for cell in cells if cell.family and _is_scored(result_set, cell, selection))
    )
    if selection == "last" or not families:
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


def _best(result_set: ResultSet, members: Sequence[PlannedCell], selection: str) -> PlannedCell:
    """The member with the highest score; one that is not there, where there is such a one.

    Of equal ones that with the highest score by a second protocol that sees no target label, at the checkpoint that the
    first chose; of equal ones by that too the first. Accuracies on a hundred items are equal more often than not.
    """
    absent = [member for member in members if result_set.status(member.run_key) not in ("ok", *RULED_OUT)]
    if absent:
        return absent[0]
    tied = _tied(result_set, members, selection)
    return max(tied, key=lambda member: _second_score(result_set, member.run_key, selection))


def _tied(result_set: ResultSet, members: Sequence[PlannedCell], selection: str) -> list[PlannedCell]:
    """The members whose score no other exceeds."""
    scores = [_score(result_set, member.run_key, selection) for member in members]
    return [member for member, score in zip(members, scores, strict=True) if score == max(scores)]


def tie_breaker(selection: str) -> str:
    """The protocol that decides among members of equal scores."""
    return next(name for name in TIE_BREAKERS if name != selection)


def _second_score(result_set: ResultSet, key: str, selection: str) -> float:
    """The score by the second protocol at the checkpoint of the first; −∞ for none."""
    record = result_set.records[key]
    scores, chosen = record.selection.get(tie_breaker(selection)), record.metrics.get(selection, {}).get("checkpoint")
    if record.status != "ok" or not scores or chosen not in record.checkpoints:
        return float("-inf")
    score = scores[record.checkpoints.index(chosen)]
    return float("-inf") if score is None else score


def _score(result_set: ResultSet, key: str, selection: str) -> float:
    """A run's best score by a protocol, over its checkpoints; −∞ for none."""
    record = result_set.records[key]
    scores = record.selection.get(selection, []) if record.status == "ok" else []
    return max((score for score in scores if score is not None), default=float("-inf"))


def _line(result_set: ResultSet, family: str, chosen: Sequence[PlannedCell], selection: str, members: int) -> str:
    """How often which member was chosen, by what, and how often there was nothing to choose by."""
    there = [cell for cell in chosen if result_set.status(cell.run_key) == "ok"]
    scored = [cell for cell in there if _score(result_set, cell.run_key, selection) > float("-inf")]
    counts = Counter(cell.variant for cell in scored)
    named = ", ".join(f"{variant.removeprefix(family)} {number}" for variant, number in counts.most_common())
    why = DESCRIPTIONS.get(selection, selection)
    blind = len(there) - len(scored)
    rest = f"; in {blind} no member had a score, and the first stands" if blind else ""
    return f"{family}: of {members} members {selection} ({why}) chose, in {len(chosen)} runs: {named or 'none'}{rest}"


def _ties(result_set: ResultSet, runs: Sequence[Sequence[PlannedCell]], selection: str) -> str:
    """In how many runs several members had the highest score, and what decided."""
    scored = [
        members
        for members in runs
        if all(result_set.status(member.run_key) in ("ok", *RULED_OUT) for member in members)
        and max(_score(result_set, member.run_key, selection) for member in members) > float("-inf")
    ]
    tied = [several for members in scored if len(several := _tied(result_set, members, selection)) > 1]
    if not tied:
        return ""
    second = tie_breaker(selection)
    best = [max(_second_score(result_set, m.run_key, selection) for m in several) for several in tied]
    left = sum(
        sum(_second_score(result_set, member.run_key, selection) == top for member in several) > 1
        for several, top in zip(tied, best, strict=True)
    )
    rest = f", but in {left}, where the first stands" if left else ""
    return f"; in {len(tied)} of them several members had the same score, and {second} decided{rest}"


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
    return statistics.fmean(v for v in found if v is not None) if None not in found else float("-inf")
