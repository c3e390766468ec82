"""Which of our rows a published figure is about, or why there is none."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from tlbench.core.run_spec import CLUSTERING, Evaluation, label_budget
from tlbench.evaluation.selection import PROTOCOLS
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import CEILING
from tlbench.suites.claims import Claim

#: References whose run is one in every setting.
SAME_IN_ALL = (CEILING, "source-only")
#: How a part of a claim's `protocol` may name its label budget, as titles of tables do.
_BUDGET = re.compile(r"\d+ shots?|all target labels|[\d.]+ % of target labels")


@dataclass(frozen=True)
class Match:
    """A published figure beside a row and a pair of ours.

    Without a `variant` there is no such row. `apart` says in what the protocols differ, so that figures cannot be
    compared; `lacks` says what the suite was not asked for. Without a `place` it stands in no table of the suite.
    """

    claim: Claim
    place: TableGroup | None = None
    variant: str = ""
    pair: str = ""
    apart: tuple[str, ...] = ()
    lacks: str = ""
    #: The pairs over which a claimed mean is taken; none where the figure is of one pair.
    pairs: tuple[str, ...] = ()


def matches(claim: Claim, places: Sequence[TableGroup]) -> list[Match]:
    """The rows that a claim is about, at least one match. `places` are all tables there are, of the claim's metric."""
    stated = (claim.differs,) if claim.differs else ()
    place, apart, lacks = _place(claim, places)
    if place is None:
        return [Match(claim, apart=(*stated, *apart), lacks=lacks)]
    apart = (*stated, *_contradictions(claim, place))
    if claim.mean_of:
        return _of_mean(claim, place, apart)
    pair = next((pair for pair in place.pairs if is_about_pair(claim, pair)), None)
    variants = _variants(claim, place)
    if not variants or pair is None:
        lacks = f"this table has no pair {claim.place}" if variants else _no_row(claim, place)
        return [Match(claim, place, apart=apart, lacks=lacks)]
    return [Match(claim, place, variant, pair, apart) for variant in variants]


def _of_mean(claim: Claim, place: TableGroup, apart: tuple[str, ...]) -> list[Match]:
    """The rows of which a figure is the mean over pairs; all of these have to be pairs of the table."""
    pairs, absent = pairs_of_mean(claim, place.pairs)
    variants = _variants(claim, place)
    if not variants or absent:
        lacks = f"this table has no pair {', '.join(absent)}" if variants else _no_row(claim, place)
        return [Match(claim, place, apart=apart, lacks=lacks)]
    return [Match(claim, place, variant, apart=apart, pairs=pairs) for variant in variants]


def pairs_of_mean(claim: Claim, pairs: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The pairs over which a claimed mean is taken, and what of it fits none of these pairs.

    A pair may name its sources in any order; a glob stands for all pairs that it fits.
    """
    fitting = {part: [pair for pair in pairs if _fits(pair, part)] for part in claim.mean_of}
    chosen = {pair for found in fitting.values() for pair in found}
    return tuple(pair for pair in pairs if pair in chosen), [part for part, found in fitting.items() if not found]


def _fits(pair: str, part: str) -> bool:
    return fnmatch.fnmatchcase(pair, part) or _sides(pair) == _sides(part)


def _sides(pair: str) -> tuple[frozenset[str], str]:
    sources, _, target = pair.rpartition(":")
    return frozenset(sources.split("+")), target


def is_about_pair(claim: Claim, pair: str) -> bool:
    """Whether a claim is about a pair, in whatever order its sources are written."""
    return claim.pair == _sides(pair)


def named_budget(claim: Claim) -> str | None:
    """The label budget that a claim's protocol names between commas, as in `5 shots`; None where it names none."""
    return next((part for part in _parts(claim) if _BUDGET.fullmatch(part)), None)


def _place(claim: Claim, places: Sequence[TableGroup]) -> tuple[TableGroup | None, tuple[str, ...], str]:
    """The table of a claim; where there is none, in what it is apart from the suite or what the suite lacks."""
    here = [place for place in places if place.setting == claim.setting] or _same_run(claim, places)
    if not here:
        return None, (f"the suite has no runs in the setting {claim.setting!r}",), ""
    here = [place for place in here if place.cells[0].backbone == claim.backbone]
    if not here:
        return None, (), f"the suite has no runs of the backbone {claim.backbone!r} in this setting"
    if fault := _metric_fault(claim, here[0]):
        return None, (fault,), ""
    budgets = [_budget(place) for place in here]
    named = named_budget(claim)
    if named is None and len(here) > 1 and claim.strategy != CEILING:
        having = f"the suite has {' and '.join(budgets)}"
        return None, (f"no label budget is named, and {having}; name it between commas in the column protocol",), ""
    if named is not None and named not in budgets and claim.strategy != CEILING:
        return None, (f"it is for {named}, and the suite has {' and '.join(filter(None, budgets)) or 'none'}",), ""
    return here[budgets.index(named) if named in budgets else 0], (), ""


def _same_run(claim: Claim, places: Sequence[TableGroup]) -> list[TableGroup]:
    """Tables of another setting in which the very run stands: a reference's number may not depend on the setting."""
    if claim.strategy == CEILING or (claim.strategy in SAME_IN_ALL and claim.setting == "transductive"):
        return [place for place in places if claim.strategy in place.variants]
    return []


def _metric_fault(claim: Claim, place: TableGroup) -> str:
    """Why no run of a table has the claim's metric; empty where some have it."""
    if claim.metric not in place.result_set.plan.metrics:
        return f"the suite does not measure {claim.metric}"
    if place.setting == "unsupervised" and claim.metric not in CLUSTERING and claim.strategy != CEILING:
        return f"runs of the setting 'unsupervised' are not scored by {claim.metric}"
    return ""


def _budget(place: TableGroup) -> str:
    return label_budget(place.cells[0].shots).removeprefix(", ")


def _parts(claim: Claim) -> list[str]:
    return [part.strip() for part in re.split("[,;]", claim.protocol)]


def _contradictions(claim: Claim, place: TableGroup) -> list[str]:
    """What a claim's protocol names between commas, an evaluation or a selection protocol, and is not ours."""
    ours = {"evaluation": place.cells[0].evaluation, "selection": place.selection}
    known = {"evaluation": get_args(Evaluation), "selection": tuple(PROTOCOLS)}
    return [
        f"published with the {kind} {part}, ours is {ours[kind]}"
        for part in _parts(claim)
        for kind, names in known.items()
        if part in names and part != ours[kind]
    ]


def _variants(claim: Claim, place: TableGroup) -> list[str]:
    """The row that bears the claim's name; where there is none, every row that uses the strategy."""
    if claim.strategy in place.variants:
        return [claim.strategy]
    uses = (c.variant for c in place.cells if c.strategy == claim.strategy and c.role == "strategy")
    return list(dict.fromkeys(uses))


def _no_row(claim: Claim, place: TableGroup) -> str:
    if any(cell.family == claim.strategy for cell in place.cells):
        return (
            f"{claim.strategy!r} is a grid, of which {place.selection} chooses no member; "
            "another protocol does, as in --selection source-val"
        )
    return f"this table has no row of {claim.strategy!r}"
