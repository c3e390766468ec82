"""Published figures that no table of their suite can hold: told by the names that the suite has not."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

from tlbench.core.local_paths import shown_name
from tlbench.leaderboard.analysis.result_set import PlanHeader
from tlbench.leaderboard.claims.matching import SAME_IN_ALL, is_about_pair, pairs_of_mean
from tlbench.leaderboard.tables.cells import count
from tlbench.suites.claims import Claim

#: How many names of a kind a line names.
NAMED = 5


def without_a_row(plan: PlanHeader) -> list[str]:
    """Lines that name what the suite has not and its published figures are of, each with the nearest that it has.

    Empty where every figure has a row.
    """
    lines, others = [], plan.claims_elsewhere
    outside = set()
    for kind, asked, known in _kinds(plan):
        lacking = [claim for claim in plan.claims if asked(claim) not in known and not _is_anywhere(kind, claim)]
        if lacking:
            lines.append(_line(kind, [asked(claim) for claim in lacking], known))
            outside |= {id(claim) for claim in lacking}
    pairs = list(dict.fromkeys(cell.pair for cell in plan.cells))
    if apart := [claim for claim in plan.claims if not _has_pair(claim, pairs)]:
        lines.append(_line("pair", [claim.place for claim in apart], pairs))
        outside |= {id(claim) for claim in apart}
    if others:
        lines.insert(
            0, _line("dataset", [name for name, number in others.items() for _ in range(number)], [plan.dataset])
        )
    if not lines:
        return []
    total, lost = len(plan.claims) + sum(others.values()), len(outside) + sum(others.values())
    share = "none" if lost == total else f"{lost} of {total}"
    verb = "of the suite's published figures has a row" if lost == total else "published figures have no row"
    return [f"{share} {verb} in this suite:", *(f"  {line}" for line in lines)]


def _kinds(plan: PlanHeader) -> Iterable[tuple[str, Callable[[Claim], str], Sequence[str]]]:
    """What a figure must share with the suite: its kind, the figure's own, and those that the suite has."""
    strategies = (name for cell in plan.cells for name in (cell.variant, cell.strategy, cell.family) if name)
    yield "strategy", lambda claim: claim.strategy, list(dict.fromkeys(strategies))
    yield "backbone", lambda claim: claim.backbone, list(dict.fromkeys(cell.backbone for cell in plan.cells))
    yield "setting", lambda claim: claim.setting, list(dict.fromkeys(cell.setting for cell in plan.cells))
    yield "metric", lambda claim: claim.metric, plan.metrics


def _is_anywhere(kind: str, claim: Claim) -> bool:
    """Whether a figure is of a reference whose run is the same in every setting."""
    return kind == "setting" and claim.strategy in SAME_IN_ALL


def _has_pair(claim: Claim, pairs: Sequence[str]) -> bool:
    if claim.mean_of:
        return not pairs_of_mean(claim, pairs)[1]
    return any(is_about_pair(claim, pair) for pair in pairs)


def _line(kind: str, names: Sequence[str], known: Sequence[str]) -> str:
    """`strategy 'corall' (did you mean 'coral'?), 'jda' and 3 more (9 figures); the suite has coral, dann`."""
    asked = list(dict.fromkeys(names))
    words = [repr(shown_name(name)) + _nearest(name, known) for name in asked[:NAMED]]
    more = f" and {len(asked) - NAMED} more" if len(asked) > NAMED else ""
    has = ", ".join(map(shown_name, known[:NAMED])) + (f" and {len(known) - NAMED} more" if len(known) > NAMED else "")
    return f"{kind} {', '.join(words)}{more} ({count(len(names), 'figure')}); the suite has {has}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    return f" (did you mean {near!r}?)" if near else ""


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The nearest name, in whatever case it is written: one that holds it, or the most similar.

    >>> nearest("CORAL", ["oracle", "coral-svm"])
    'coral-svm'
    """
    folded = {one.casefold(): one for one in known}
    holding = [one for one in folded if name.casefold() in one]
    near = difflib.get_close_matches(name.casefold(), holding or folded, n=1, cutoff=0.0 if holding else 0.5)
    return folded[near[0]] if near else None
