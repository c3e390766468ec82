"""Published figures as rows: what others printed, what we get, and whether that is the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from tlbench.errors import TlbenchError
from tlbench.evaluation.reproduction import PROPORTIONS, Outcome
from tlbench.evaluation.statistics import MIN_SEEDS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.claims.sections import Section, elsewhere, incomparable_range, sections, tally
from tlbench.leaderboard.claims.verdicts import ClaimVerdict, tested_counts, widest
from tlbench.leaderboard.leaderboard import with_columns
from tlbench.leaderboard.tables import notes
from tlbench.leaderboard.tables.cells import MISSING, Cell, Column, Scale, Table, count, metric_name
from tlbench.suites.claims import Claim
from tlbench.suites.filters import Filters
from tlbench.suites.table_layouts import TableLayout

COLUMNS = [
    Column("figure", "figure", "left"),
    Column("published", "published"),
    Column("ours", "ours"),
    Column("difference", "difference"),
    Column("verdict", "verdict", "left"),
]
CROSS_CHECKS = "cross-check: nobody published the figure; other software, run for the purpose, gave it"
#: A number with more is no printed one.
MOST_DIGITS = 4
_OLD_PLAN = "the plan was written before it was kept, and `tlbench run` writes it anew"
VERDICTS = (
    f"Verdict: inconclusive with fewer than {MIN_SEEDS} seeds, unless several give the same; else higher or lower "
    "where ours differs from the published figure by more than two combined standard errors; within these, "
    "reproduced where the half-width of our interval is at most {widest}, and inconclusive where it is more. Our "
    "standard error is the sd over seeds divided by the root of their number; that of a published figure is the "
    "printed ±, or, where none is printed, that of one run on a test set of the same size, the root of sd² (ours) + "
    "p(1 − p)/n; half a unit of the last printed digit is added in quadrature."
)


def by_figure(
    result_set: ResultSet,
    metric: str | None = None,
    by: str = TableLayout.strategy,
    selection: str | None = None,
    columns: Sequence[str] | None = None,
    missing: Literal["show", "drop"] = "show",
    filters: Filters | None = None,
) -> list[Table]:
    """The published figures of a result set beside ours: one for each of its tables and metrics that has some.

    `metric`: figures of this one alone. `columns`: which columns beside the first, in this order. `filters` leave the
    figures of what they leave. Raises `TlbenchError` where `by` is not the default, as `published.sections` does, and
    for an unknown column.
    """
    if by != TableLayout.strategy:
        raise TlbenchError(
            f"--claims has a row for each published figure, so --by {by} does not go with it; leave out one"
        )
    found = sections(result_set, metric, selection, missing == "drop", filters)
    tables = [_table(result_set, section) for section in found]
    if len(found) > 1:
        every = [finding for section in found for finding in section.claim_verdicts]
        tables[-1].notes.append(f"all tables: {_counts(every)}")
    if others := elsewhere(result_set.plan):
        tables[-1].notes.append(f"not shown: {others}")
    return with_columns(tables, columns, set())


def _counts(found: Sequence[ClaimVerdict]) -> str:
    """The verdicts of published figures, and apart from them those of cross-checks."""
    published, checks = tally(found), tally(found, cross_checks=True)
    if not any(checks.values()):
        return _counted(published)
    said = [f"published: {_counted(published)}"] if any(published.values()) else []
    return "; ".join([*said, f"cross-checks: {_counted(checks)}"])


def _incomparable(found: Sequence[ClaimVerdict], scale: Scale) -> list[str]:
    """How far those are from ours that are not compared: that they differ in protocol explains no miss."""
    ends = incomparable_range(found)
    if ends is None:
        return []
    low, high = (scale.text(end, signed=True) for end in ends)
    many = sum(f.outcome == "not comparable" and f.comparison is not None and not f.is_mean for f in found)
    span = f"is {low}" if many == 1 else f"are from {low} to {high}"
    return [
        f"not comparable: the difference{'s' if many > 1 else ''} of {count(many, 'figure')} {span}{scale.unit}; how "
        "much of that is the protocol is not known"
    ]


def _counted(verdicts: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{outcome} {number}" for outcome, number in verdicts.items())


def _table(result_set: ResultSet, section: Section) -> Table:
    place, footnotes = section.place, _Numbered()
    labels = _labels(section)
    rows = [
        [Cell(label), *_cells(f, place, footnotes)] for label, f in zip(labels, section.claim_verdicts, strict=True)
    ]
    counted = _counts(section.claim_verdicts)
    if place is None:
        title = f"{result_set.plan.suite} · published figures that no table of this suite can hold"
        caption = "Published as printed, with the ± of their sources; fractions in %."
        return Table(title, COLUMNS, rows, caption, [counted], footnotes.texts)
    marks = notes.marks(place, COLUMNS[:1], [])
    crossed = [CROSS_CHECKS] if any(finding.is_cross_check for finding in section.claim_verdicts) else []
    apart = _incomparable(section.claim_verdicts, place.scale)
    rule = VERDICTS.format(widest=widest(place.scale))
    lines = [counted, *crossed, *apart, rule, *_exceptions(place, section.claim_verdicts), *marks]
    # A table of machines is told apart by its title alone.
    title = f"{notes.title(place)} · published {metric_name(place.metric)}"
    return Table(title, COLUMNS, rows, _caption(place, section.claim_verdicts), lines, footnotes.texts)


def _caption(place: TableGroup, claim_verdicts: Sequence[ClaimVerdict]) -> str:
    found = [finding.comparison for finding in claim_verdicts if finding.outcome != "not comparable"]
    margin = ", ± two combined standard errors" if any(test and test.margin is not None for test in found) else ""
    ours = notes.caption(place, over_pairs=False)
    return f"{ours} Published: as printed, with the ± of its source. Difference: ours − published{margin}."


class _Numbered:
    """Footnotes in the order in which cells ask for them."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def of(self, texts: Iterable[str]) -> tuple[int, ...]:
        """The numbers of some footnotes; the same text has one number."""
        wanted = list(dict.fromkeys(texts))
        self.texts += [text for text in wanted if text not in self.texts]
        return tuple(self.texts.index(text) + 1 for text in wanted)


def _labels(section: Section) -> list[str]:
    """A name for each row; where several have the same, the figures' sources and then protocols tell them apart."""
    names = [_label(finding) for finding in section.claim_verdicts]
    claims = [finding.first.claim for finding in section.claim_verdicts]
    for more in ([claim.citation for claim in claims], [claim.protocol for claim in claims]):
        many = Counter(names)
        pairs = zip(names, more, strict=True)
        names = [f"{name} · {text}" if many[name] > 1 and text else name for name, text in pairs]
    return names


def _label(finding: ClaimVerdict) -> str:
    match, claim = finding.first, finding.first.claim
    variant = match.variant or claim.strategy
    use = f" ({claim.strategy})" if variant != claim.strategy else ""
    where = match.pair or claim.place
    if over := len(finding.matches) if finding.is_mean else len(match.pairs):
        where = f"mean of {count(over, 'pair')}"
    parts = [variant + use, where, *(["cross-check"] if finding.is_cross_check else [])]
    return " · ".join(parts if match.place else [*parts, claim.setting, claim.backbone, metric_name(claim.metric)])


def _cells(finding: ClaimVerdict, place: TableGroup | None, footnotes: _Numbered) -> list[Cell]:
    claims = [match.claim for match in finding.matches]
    scale = place.scale if place else Scale.of(claims[0].metric, [finding.value])
    source = footnotes.of(_source(claim) for claim in claims)
    published = Cell(_printed(finding, claims, scale), finding.value, finding.plus_minus, footnotes=source)
    reasons = footnotes.of(finding.reasons)
    ours = scale.cell(finding.ours) if finding.ours else Cell(MISSING, footnotes=reasons)
    return [published, ours, _difference(finding, scale), Cell(finding.outcome, footnotes=reasons)]


def _source(claim: Claim) -> str:
    """Where a figure is from, by which protocol, and what is said of it."""
    protocol = f"protocol: {claim.protocol}" if claim.protocol else ""
    return "; ".join(filter(None, (claim.citation, protocol, claim.note)))


def _printed(finding: ClaimVerdict, claims: Sequence[Claim], scale: Scale) -> str:
    """A figure with the digits of its source; a mean of several as our own numbers are."""
    decimals = claims[0].decimals
    if finding.is_mean or decimals is None:
        parts = [scale.text(number) for number in (finding.value, finding.plus_minus) if number is not None]
    else:
        unit, digits = (100, max(decimals - 2, 0)) if scale.percent else (1, decimals)
        numbers = (number for number in (finding.value, finding.plus_minus) if number is not None)
        parts = [f"{unit * number:.{min(digits, MOST_DIGITS)}f}" for number in numbers]
    return " ± ".join(parts)


def _difference(finding: ClaimVerdict, scale: Scale) -> Cell:
    found = finding.comparison
    if found is None:
        return Cell(MISSING)
    value, margin = found.difference, None if finding.outcome == "not comparable" else found.margin
    text = scale.text(value, signed=True)
    if margin is None:
        return Cell(text, value)
    return Cell(f"{text} ± {scale.text(margin)}", value, margin, value - margin, value + margin)


def _exceptions(place: TableGroup, claim_verdicts: Sequence[ClaimVerdict]) -> Iterator[str]:
    """What of the verdicts' rule does not hold of some figures, or holds in a way of its own."""
    if any(finding.is_mean for finding in claim_verdicts):
        yield (
            "Mean of pairs: ours with its interval over seeds of the mean; the standard error of the published mean is "
            "the root of the summed squares of its figures', divided by their number. It is not counted as a figure."
        )
    if same := dict.fromkeys(finding.first.variant for finding in claim_verdicts if finding.deterministic):
        yield (
            f"{', '.join(same)}: every seed gives the same to the last bit, so that ± {place.scale.text(0)} is true of "
            "the seeds, and no sign of care."
        )
    if any(finding.first.pairs for finding in claim_verdicts):
        yield (
            "A published mean of pairs is compared with the mean of ours over the same pairs; where no ± is printed, "
            "p(1 − p)/n is that of our own accuracies, summed over its N pairs and divided by N²."
        )
    matched = [match for finding in claim_verdicts if finding.comparison for match in finding.matches]
    compared = [match.claim for match in matched]
    alone = [m.claim for m in matched if m.claim.plus_minus is None and tested_counts(place, m) is None]
    if alone and place.metric not in PROPORTIONS:
        yield f"{metric_name(place.metric)} is no share of examples, so p(1 − p)/n is left out."
    elif alone:
        targets = ", ".join(dict.fromkeys(claim.place if claim.mean_of else claim.target for claim in alone))
        yield f"p(1 − p)/n is left out for {targets}, since n is not known: {_OLD_PLAN}."
    if any(claim.decimals is None for claim in compared):
        yield f"half a unit of the last digit is left out, since the printed digits are not known: {_OLD_PLAN}."
