"""Which of several sources is best for a target, by its scores, with those that are not told apart from it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tlbench.evaluation.statistics import MIN_SEEDS, PairedTest, estimate, holm, paired_difference
from tlbench.evaluation.verdicts import ALPHA, Verdict
from tlbench.leaderboard.analysis.table_values import BySeed
from tlbench.leaderboard.tables.cells import Scale
from tlbench.leaderboard.tables.verdict_notes import points

NOTE = (
    "Best is by the mean over seeds on the target test split, in hindsight; those others are not told apart from it "
    "whose paired difference over seeds is not significant (t, 5 %, Holm-corrected over the others)."
)
#: So many are named that are not told apart; the others are counted.
NAMED = 4


def best(target: str, what: str, found: Mapping[str, BySeed], scale: Scale) -> list[str]:
    """`for sst2, source by source-only: best is cr, 79.0 ± 2.1; not told apart from it: mr (78.2 ± 3.0)`.

    `what` is what has a name in `found`: values by the same seeds. Nothing where there are not two of them. Of too few
    seeds for a test the best is named with the next.
    """
    if len(found) < 2:
        return []
    sign = 1 if scale.lower_is_better else -1
    first, *others = sorted(found, key=lambda name: sign * statistics.fmean(found[name].values()))
    head = f"for {target}, {what}: {{}} is {first}, {_number(found[first], scale)}"
    if len(found[first]) < MIN_SEEDS:
        return [
            f"{head.format('lowest' if scale.lower_is_better else 'highest')}; next {_named(others[:1], found, scale)}"
        ]
    close, untested = _not_told_apart(first, others, found, scale)
    clauses = [f"not told apart from it: {_named(close, found, scale)}"] if close else []
    if untested:
        clauses.append(f"not tested, for seeds change neither: {_named(untested, found, scale)}")
    return ["; ".join([head.format("best"), *(clauses or ["shown to be better than all others"])])]


def _not_told_apart(
    first: str, others: Sequence[str], found: Mapping[str, BySeed], scale: Scale
) -> tuple[list[str], list[str]]:
    """The others whose error is not shown to be larger, and those of which no test can say."""
    errors = {name: [scale.error(value) for _, value in sorted(values.items())] for name, values in found.items()}
    tests = {name: paired_difference(errors[name], errors[first]) for name in others}
    adjusted = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    untested = [name for name in others if adjusted[name] is None]
    shown = [name for name, p in adjusted.items() if p is not None and p <= ALPHA and tests[name].mean > 0]
    return [name for name in others if name not in (*shown, *untested)], untested


def _named(names: Sequence[str], found: Mapping[str, BySeed], scale: Scale) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f"{name} ({_number(found[name], scale)})" for name in names[:NAMED]) + more


def _number(values: BySeed, scale: Scale) -> str:
    return scale.cell(estimate(list(values.values()))).text


def gaps_in_words(
    target: str,
    gaps: Mapping[str, PairedTest],
    verdicts: Mapping[str, Verdict],
    absent: Sequence[str],
    scale: Scale,
) -> list[str]:
    """`for sst2: helps from cr (−6.1 points ± 1.2); hurts from trec (+2.0 points ± 0.3)`; nothing without a gap.

    `gaps` and `verdicts` are by source, positive gaps hurt; no verdicts where there are too few seeds. `absent` are
    the sources whose gap is missing, which the sentence names. Which source is best is not said: gaps of different
    sources are taken to different numbers.
    """
    if not gaps:
        return []
    ranked = sorted(gaps, key=lambda source: gaps[source].mean)
    shown = {source: f"{source} ({points(scale, gaps[source])})" for source in ranked}
    clauses = []
    for verb in ("helps", "hurts"):
        if sources := [source for source in ranked if verdicts.get(source) == verb]:
            clauses.append(f"{verb} from {', '.join(shown[source] for source in sources)}")
    if not clauses:
        none = "no gap is shown to be one: " if verdicts else ""
        ends = [shown[ranked[0]], *([f"to {shown[ranked[-1]]}"] if len(ranked) > 1 else [])]
        clauses = [f"{none}{'from ' if len(ranked) > 1 else ''}{' '.join(ends)}"]
    without = [f"no number from {', '.join(absent)}"] if absent else []
    return [f"for {target}: {'; '.join([*clauses, *without])}"]
