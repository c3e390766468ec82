"""Which of several sources does best and worst by a target, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tlbench.evaluation.statistics import PairedTest
from tlbench.evaluation.verdicts import Verdict
from tlbench.leaderboard.tables.cells import Scale
from tlbench.leaderboard.tables.notes import points

_ALONE: dict[Verdict, str] = {
    "helps": "helps",
    "hurts": "hurts",
    "no matter": "does not matter",
    "unknown": "is neither shown to help nor to hurt",
    "training failed": "has a failed training",
}
NOTE = "Best and worst are by the mean over seeds; sources are not tested against each other."


def sentence(
    target: str,
    gaps: Mapping[str, PairedTest],
    verdicts: Mapping[str, Verdict],
    absent: Sequence[str],
    scale: Scale,
) -> list[str]:
    """`for sst2: cr helps most (−6.1 points ± 1.2); trec hurts (+2.0 points ± 0.3)`; nothing where there is no gap.

    `gaps` and `verdicts` are by source, positive gaps hurt; no verdicts where there are too few seeds. `absent` are
    the sources whose gap is missing, which the sentence names.
    """
    if not gaps:
        return []
    ranked = sorted(gaps, key=lambda source: gaps[source].mean)
    shown = {source: f"{source} ({points(scale, gaps[source])})" for source in ranked}
    clauses = _decided(ranked, gaps, verdicts, scale) if verdicts else _ends(ranked, shown)
    without = [f"no number from {', '.join(absent)}"] if absent else []
    return [f"for {target}: {'; '.join([*clauses, *without])}"]


def _ends(ranked: Sequence[str], shown: Mapping[str, str]) -> list[str]:
    """Of too few seeds for verdicts."""
    if len(ranked) == 1:
        return [f"the only gap is from {shown[ranked[0]]}"]
    return [f"the lowest gap is from {shown[ranked[0]]}, the highest from {shown[ranked[-1]]}"]


def _decided(
    ranked: Sequence[str], gaps: Mapping[str, PairedTest], verdicts: Mapping[str, Verdict], scale: Scale
) -> list[str]:
    helping = [source for source in ranked if verdicts[source] == "helps"]
    hurting = [source for source in reversed(ranked) if verdicts[source] == "hurts"]
    if len(ranked) == 1:
        alone = ranked[0]
        verdict = _ALONE[verdicts[alone]]
        return [f"{alone} {verdict} ({points(scale, gaps[alone])})"]
    clauses = [_named("helps", helping, gaps, scale)] if helping else []
    clauses += [_named("hurts", hurting, gaps, scale)] if hurting else []
    ends = {"help": ("best", ranked[0], helping, hurting), "hurt": ("worst", ranked[-1], hurting, helping)}
    unshown = [verb for verb, (_, _, found, _) in ends.items() if not found]
    if not unshown:
        return clauses
    # Where every source helps, the worst is among those named already.
    of = [(end, source) for end, source, found, others in ends.values() if not found and source not in others]
    named = ", ".join(f"{end} is {source} ({points(scale, gaps[source])})" for end, source in of)
    none = f"no source is shown to {' or to '.join(unshown)}"
    return [*clauses, f"{none}: {named}" if named else none]


def _named(verb: str, sources: Sequence[str], gaps: Mapping[str, PairedTest], scale: Scale) -> str:
    """`cr helps most (−6.1 points ± 1.2), mr helps (−2.0 points ± 0.4)`."""
    first, *others = sources
    most = " most" if others else ""
    listing = [f"{first} {verb}{most} ({points(scale, gaps[first])})"]
    return ", ".join([*listing, *(f"{source} {verb} ({points(scale, gaps[source])})" for source in others)])
