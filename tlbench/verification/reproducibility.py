"""Whether a run that was made again is the published one: bit by bit where it should be, else within chance."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tlbench.evaluation.statistics import MIN_SEEDS, t_quantile
from tlbench.leaderboard.analysis.result_set import as_number
from tlbench.records.record import Record

Verdict = Literal["identical", "within the seeds", "outside the seeds", "different", "undecided", "not run", "failed"]
#: Verdicts that count as reproduced.
REPRODUCED: frozenset[Verdict] = frozenset({"identical", "within the seeds"})

#: Where all seeds have one score, their mean may differ from it in the last bit.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Judgement:
    """A verdict, the two scores where there are any, and what may be the reason for a difference."""

    verdict: Verdict
    published: float | None
    here: float | None
    reasons: tuple[str, ...] = ()


def judge(
    published: Record, here: Record, others: Sequence[float], metric: str, selection: str, differs: Iterable[str]
) -> Judgement:
    """Compare a published run with the same run made here.

    `others` are the published scores of the same cell with every seed, the run's own among them; `differs` is what of
    the two descriptions is another. Scores have to be the same to the last bit unless something explains why not: then
    the new one has to lie where 95 % of further seeds would (mean ± t · sd · √(1 + 1/n)).
    """
    before, after = _score(published, metric, selection), _score(here, metric, selection)
    reasons = (*differs, *_other_surroundings(published.provenance, here.provenance))
    if here.status != "ok":
        return Judgement("failed", before, None, (f"{here.status}: {here.why}", *reasons))
    if _is_identical(published, here):
        return Judgement("identical", before, after)
    if not reasons:
        return Judgement("different", before, after, ("nothing that tlbench knows of explains it",))
    if len(others) < MIN_SEEDS or before is None or after is None:
        return Judgement("undecided", before, after, (*reasons, f"fewer than {MIN_SEEDS} published seeds"))
    inside = abs(after - statistics.fmean(others)) <= _reach(others)
    return Judgement("within the seeds" if inside else "outside the seeds", before, after, reasons)


def _is_identical(published: Record, here: Record) -> bool:
    """Whether every published score is had here to the last bit: of every protocol, and what each chose by.

    What only one of the two has, as a metric that was asked for later, says nothing.
    """
    for protocol, scores in published.metrics.items():
        again = here.metrics.get(protocol)
        if again is None or any(scores[name] != again[name] for name in scores.keys() & again.keys()):
            return False
    chosen_by = published.selection.keys() & here.selection.keys()
    return all(published.selection[name] == here.selection[name] for name in chosen_by)


def _reach(others: Sequence[float]) -> float:
    """The half-width of the 95 % prediction interval for one more seed."""
    return t_quantile(len(others)) * statistics.stdev(others) * math.sqrt(1 + 1 / len(others)) + _ROUNDING


def _score(record: Record, metric: str, selection: str) -> float | None:
    scores = record.metrics.get(selection) or record.metrics.get("last") or {}
    return as_number(scores.get(metric))


def _other_surroundings(published: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What the two were made with that can change the last bits: device, processor, versions; how each was, and is."""
    found = []
    for name, words in (("device", "device"), ("cpu", "processor"), ("python", "Python"), ("tlbench", "tlbench")):
        if published.get(name) != here.get(name):
            found.append(f"{words} {published.get(name) or 'unknown'}, here {here.get(name) or 'unknown'}")
    before, after = published.get("libraries") or {}, here.get("libraries") or {}
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            found.append(f"{name} {before.get(name, 'absent')}, here {after.get(name, 'absent')}")
    if published.get("git_sha") != here.get("git_sha"):
        found.append(f"commit {_short(published)}, here {_short(here)}")
    if here.get("device") not in (None, "cpu") and not here.get("deterministic"):
        found.append("not deterministic on this device (see --deterministic)")
    return found


def _short(provenance: Mapping[str, Any]) -> str:
    return str(provenance.get("git_sha") or "unknown")[:12]
