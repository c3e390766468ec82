"""What has become of a published figure: ours beside it, their difference, and the verdict with its reasons."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tlbench.evaluation import reproduction
from tlbench.evaluation.reproduction import PROPORTIONS, WIDEST, Comparison, Outcome
from tlbench.evaluation.statistics import MIN_SEEDS, Estimate
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.claims.matching import Match
from tlbench.leaderboard.tables.cells import Scale
from tlbench.leaderboard.tables.footnotes import Footnotes


@dataclass(frozen=True)
class ClaimVerdict:
    """One row: a published figure, or the mean of those of every pair, and what there is of ours beside it.

    `value` and `plus_minus` are as published. `ours` and `comparison` are None where a run is missing. `outcome` is
    the comparison's own unless the figures cannot be compared. `reasons` say why there is no number or no verdict.
    """

    matches: tuple[Match, ...]
    value: float
    plus_minus: float | None
    ours: Estimate | None
    comparison: Comparison | None
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    #: Whether several seeds gave the same to the last bit.
    deterministic: bool = False

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean over all pairs, which stands beside the figures and is none of them."""
        return len(self.matches) > 1

    @property
    def is_cross_check(self) -> bool:
        """Whether nobody published the figure: other software, run for the purpose, gave it."""
        return self.first.claim.kind == "cross-check"

    @property
    def first(self) -> Match:
        """The match that says what the row is about, but for the pairs of a mean."""
        return self.matches[0]


def claim_verdicts(place: TableGroup | None, matches: Sequence[Match]) -> Iterator[ClaimVerdict]:
    """A finding for each match of one table; under those of one publication on every pair, one for their mean."""
    groups: dict[tuple[str, ...], list[Match]] = {}
    for match in matches:
        claim = match.claim
        same = (
            match.variant,
            claim.strategy,
            claim.setting,
            claim.backbone,
            claim.protocol,
            claim.citation,
            claim.kind,
        )
        groups.setdefault(same, []).append(match)
    for group in groups.values():
        yield from (_single(place, match) for match in group)
        if place is not None and _covers(place, group):
            yield _mean(place, group)


def _covers(place: TableGroup, group: Sequence[Match]) -> bool:
    """Whether there is one figure for each of several pairs, so that their mean is comparable to ours."""
    pairs = [match.pair for match in group if match.variant]
    return len(pairs) == len(group) == len(place.pairs) > 1 and set(pairs) == set(place.pairs)


def _single(place: TableGroup | None, match: Match) -> ClaimVerdict:
    claim = match.claim
    if place is None or not match.variant:
        outcome: Outcome = "missing" if match.lacks else "not comparable"
        reasons = tuple(filter(None, (match.lacks, *match.apart)))
        return ClaimVerdict((match,), claim.value, claim.plus_minus, None, None, outcome, reasons)
    if match.pairs:
        return _claimed_mean(place, match)
    if place.at(match.variant, match.pair) is None:
        return _missing(place, (match,), claim.value, claim.plus_minus, [match.pair])
    seeds = list(place.by_seed(match.variant, match.pair).values())
    same = _same_for_every_seed(place, match.variant, match.pair)
    return _compared(place, (match,), claim.value, claim.plus_minus, _error(place, match), seeds, same)


def _claimed_mean(place: TableGroup, match: Match) -> ClaimVerdict:
    """A figure that is a mean over pairs itself."""
    claim, variant = match.claim, match.variant
    shown = place.shown(variant, pairs=match.pairs)
    means = place.means(variant, shown) if shown and len(shown.pairs) == len(match.pairs) else None
    if means is None:
        return _missing(place, (match,), claim.value, claim.plus_minus, match.pairs)
    error = reproduction.published_error_of_mean(
        list(means.values()),
        plus_minus=claim.plus_minus,
        half_unit=claim.half_unit,
        accuracies=[statistics.fmean(place.by_seed(variant, pair).values()) for pair in match.pairs],
        examples=tested_counts(place, match),
    )
    same = all(_same_for_every_seed(place, variant, pair) for pair in match.pairs)
    return _compared(place, (match,), claim.value, claim.plus_minus, error, list(means.values()), same)


def _mean(place: TableGroup, group: Sequence[Match]) -> ClaimVerdict:
    variant, claims = group[0].variant, [match.claim for match in group]
    value = statistics.fmean(claim.value for claim in claims)
    printed = [claim.plus_minus for claim in claims if claim.plus_minus is not None]
    plus_minus = reproduction.error_of_mean(printed) if len(printed) == len(claims) else None
    shown = place.shown(variant)
    means = place.means(variant, shown) if shown and len(shown.pairs) == len(place.pairs) else None
    if means is None:
        return _missing(place, tuple(group), value, plus_minus, place.pairs)
    error = reproduction.error_of_mean([_error(place, match) for match in group])
    same = all(_same_for_every_seed(place, variant, pair) for pair in place.pairs)
    return _compared(place, tuple(group), value, plus_minus, error, list(means.values()), same)


def _compared(
    place: TableGroup,
    matches: tuple[Match, ...],
    value: float,
    plus_minus: float | None,
    error: float,
    seeds: Sequence[float],
    same: bool,
) -> ClaimVerdict:
    # Points are a measure of fractions alone; of another metric it is that share of the figure.
    limit = WIDEST if place.scale.percent else WIDEST * abs(value)
    found = reproduction.compare(value, error, seeds, deterministic=same, widest=limit)
    ours = reproduction.interval(seeds, deterministic=same)
    apart = _apart(matches)
    outcome = "not comparable" if apart else found.outcome
    reasons = apart or _why_inconclusive(place, found, ours)
    return ClaimVerdict(matches, value, plus_minus, ours, found, outcome, reasons, same)


def _missing(
    place: TableGroup, matches: tuple[Match, ...], value: float, plus_minus: float | None, pairs: Sequence[str]
) -> ClaimVerdict:
    footnotes = Footnotes(place)
    footnotes.missing(matches[0].variant, place.metric, pairs)
    reasons = (*footnotes.texts, *_apart(matches))
    return ClaimVerdict(matches, value, plus_minus, None, None, "missing", reasons)


def _apart(matches: Sequence[Match]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for match in matches for text in match.apart))


def _why_inconclusive(place: TableGroup, found: Comparison, ours: Estimate) -> tuple[str, ...]:
    if found.outcome != "inconclusive":
        return ()
    if ours.half_width is None:
        return (f"fewer than {MIN_SEEDS} seeds",)
    return (f"within two standard errors, but our half-width is over {widest(place.scale)}",)


def widest(scale: Scale) -> str:
    """The widest half-width of a figure that is called reproduced, in words."""
    return f"{scale.text(WIDEST)} points" if scale.percent else f"{100 * WIDEST:g} % of the figure"


def _error(place: TableGroup, match: Match) -> float:
    """The standard error of one published figure."""
    claim, seeds = match.claim, place.by_seed(match.variant, match.pair)
    sizes = tested_counts(place, match)
    return reproduction.published_error(
        claim.value,
        list(seeds.values()),
        plus_minus=claim.plus_minus,
        half_unit=claim.half_unit,
        examples=sizes[0] if sizes else None,
    )


def tested_counts(place: TableGroup, match: Match) -> list[int] | None:
    """How many examples a figure was tested on, by pair, where that bounds its error and the plan says so."""
    sizes = place.result_set.plan.test_examples
    targets = [pair.rpartition(":")[2] for pair in match.pairs] or [match.claim.target]
    known = match.claim.metric in PROPORTIONS and all(target in sizes for target in targets)
    return [sizes[target] for target in targets] if known else None


def _same_for_every_seed(place: TableGroup, variant: str, pair: str) -> bool:
    """Whether several seeds gave the same in every score that is stored, to the last bit.

    That a strategy is deterministic its class says and no record does, so it is read from what came out.
    """
    cells = [cell for cell in place.by_spot[variant, pair].values() if place.value(cell) is not None]
    records = [place.result_set.records[cell.run_key] for cell in cells]
    return len(records) > 1 and all(record.metrics == records[0].metrics for record in records)
