"""The published figures of a suite, sorted into its tables, each with what has become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from tlbench.errors import TlbenchError
from tlbench.evaluation.reproduction import Outcome
from tlbench.leaderboard.analysis.result_set import PlanHeader, ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.claims.matching import Match, is_about_pair, matches
from tlbench.leaderboard.claims.verdicts import ClaimVerdict, claim_verdicts
from tlbench.leaderboard.leaderboard import cells_by_place, chosen_cells, metric_and_protocol
from tlbench.leaderboard.tables.cells import count
from tlbench.records.planned_cell import PlannedCell
from tlbench.suites.claims import COLUMNS, Claim
from tlbench.suites.filters import Filters, leaves

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Section:
    """The findings of one table and metric; without a place, those that have no table of ours."""

    place: TableGroup | None
    claim_verdicts: list[ClaimVerdict]


def tally(claim_verdicts: Iterable[ClaimVerdict], *, cross_checks: bool = False) -> dict[Outcome, int]:
    """How many published figures have each verdict, in the order of `OUTCOMES`; means are not counted again.

    `cross_checks`: those that are no published figures, but were made by other software, in place of the published.
    """
    figures = [finding for finding in claim_verdicts if not finding.is_mean and finding.is_cross_check == cross_checks]
    found = Counter(finding.outcome for finding in figures)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def verdict_counts(
    result_set: ResultSet, selection: str | None = None, *, cross_checks: bool = False
) -> dict[Outcome, int]:
    """How many published figures (or cross-checks) of a suite have each verdict, all 0 where it names none.

    Raises as `sections` does.
    """
    found = sections(result_set, selection=selection) if result_set.plan.claims else []
    return tally((finding for section in found for finding in section.claim_verdicts), cross_checks=cross_checks)


def incomparable_range(claim_verdicts: Iterable[ClaimVerdict]) -> tuple[float, float] | None:
    """The least and the largest difference of the figures that are not comparable; None where none has one."""
    found = [
        finding.comparison.difference
        for finding in claim_verdicts
        if finding.outcome == "not comparable" and finding.comparison and not finding.is_mean
    ]
    return (min(found), max(found)) if found else None


def sections(
    result_set: ResultSet,
    metric: str | None = None,
    selection: str | None = None,
    drop: bool = False,
    filters: Filters | None = None,
) -> list[Section]:
    """The findings of every table and metric, those without a table last.

    `metric`: figures of this one alone. `selection`: a protocol, by default the suite's. `drop`: means are over the
    runs that are there. `filters` leave the figures of what they leave. Raises `TlbenchError` for a name that is not
    known, for several protocols at once, and where no figure is left.
    """
    if not result_set.plan.claims:
        raise TlbenchError(_no_claims(result_set.plan))
    _, protocol = metric_and_protocol(result_set, metric, selection)
    if protocol == "all":
        raise TlbenchError(f"--claims takes one --selection, not all; recorded: {', '.join(result_set.protocols())}")
    cells = chosen_cells(result_set.cells, filters or {})
    claims = _chosen_claims(result_set.plan, cells, metric, filters or {})
    by_metric: list[list[TableGroup]] = []
    matched: dict[int, list[Match]] = {}
    for name in dict.fromkeys(claim.metric for claim in claims):
        by_metric.append([_place(result_set, within, protocol, name, drop) for within in cells_by_place(cells)])
        for claim in claims:
            for match in matches(claim, by_metric[-1]) if claim.metric == name else ():
                matched.setdefault(id(match.place), []).append(match)
    places = [place for same_cells in zip(*by_metric, strict=True) for place in same_cells]
    return [
        Section(place, list(claim_verdicts(place, matched[id(place)])))
        for place in (*places, None)
        if id(place) in matched
    ]


def _place(result_set: ResultSet, cells: list[PlannedCell], selection: str, metric: str, drop: bool) -> TableGroup:
    # Of clusters the last step alone is scored.
    return TableGroup(result_set, cells, "last" if cells[0].setting == "unsupervised" else selection, metric, drop)


def _chosen_claims(plan: PlanHeader, cells: Sequence[PlannedCell], metric: str | None, filters: Filters) -> list[Claim]:
    """The figures that are asked for. Raises `TlbenchError` where there are none."""
    kept = [claim for claim in plan.claims if _is_left(claim, cells, filters)]
    if not kept:
        raise TlbenchError("nothing to show: the filters leave no published figure")
    chosen = [claim for claim in kept if metric in (None, claim.metric)]
    if not chosen:
        there = ", ".join(dict.fromkeys(claim.metric for claim in kept))
        raise TlbenchError(f"no published figure of {metric}; there are figures of {there}")
    return chosen


def _is_left(claim: Claim, cells: Sequence[PlannedCell], filters: Filters) -> bool:
    """Whether filters leave a figure: by its own names, or by those of a cell that it may be about."""
    asked = {name: globs for name, globs in filters.items() if globs and name != "seed"}
    if not asked:
        return True
    if claim.mean_of and "pair" in asked:  # over fewer pairs it would be another mean
        return False
    own = _as_cell(claim)
    return leaves(asked, own) or any(_may_be_about(claim, cell) for cell in cells)


def _may_be_about(claim: Claim, cell: PlannedCell) -> bool:
    same = (cell.backbone, cell.setting) == (claim.backbone, claim.setting)
    here = bool(claim.mean_of) or is_about_pair(claim, cell.pair)
    return same and here and claim.strategy in (cell.variant, cell.strategy, cell.family)


def _as_cell(claim: Claim) -> PlannedCell:
    """A claim as filters look at it."""
    return PlannedCell(
        variant=claim.strategy,
        strategy=claim.strategy,
        params={},
        backbone=claim.backbone,
        source=claim.source.split("+"),
        target=claim.target,
        setting=claim.setting,
        shots=None,
        evaluation="held-out",
        seed=0,
        role="strategy",
        run_key="",
        references={},
    )


def _no_claims(plan: PlanHeader) -> str:
    if plan.claims_elsewhere:
        return f"no published figure of the dataset {plan.dataset!r}: {elsewhere(plan)}; see its column dataset"
    return (
        f"the suite {plan.suite!r}, as it was last run, names no published figures. To add some: write a CSV file "
        f"with the columns {','.join(COLUMNS)} (value and plus_minus as fractions, not percent), name it in the suite "
        'file as claims = "FILE.csv", and type `tlbench run` for that suite again, which runs only what is missing'
    )


def elsewhere(plan: PlanHeader) -> str:
    """What the suite's file of figures holds beside those of its dataset; empty where that is nothing."""
    others = plan.claims_elsewhere
    if not others:
        return ""
    listing = ", ".join(f"{number} of {name}" for name, number in others.items())
    return f"the suite's file holds {count(sum(others.values()), 'figure')} of other datasets ({listing})"
