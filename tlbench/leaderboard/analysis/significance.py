"""Whether average ranks differ, from ten pairs on: tests and the critical-difference diagram (Demšar, JMLR 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tlbench.core.plain_text import plain
from tlbench.evaluation.ranks import critical_difference, friedman, wilcoxon_holm
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables.cells import count

ALPHA = 0.05
DEPENDENT = "Pairs that share a domain are not independent, so that these tests tend to reject too often."
#: The axis is about so many characters long, and no line longer than `WIDTH`.
AXIS, WIDTH = 72, 80
#: Of a group of more the first and the last are named.
NAMED = 4
#: A tick's number takes up to so many characters, with the space before it.
TICK = 3


def significance(place: TableGroup) -> tuple[list[str], str]:
    """Lines for under a table, and a diagram; nothing below ten pairs and for what was chosen by test scores."""
    scores, pairs = place.ranked, len(place.pairs)
    distance = critical_difference(len(scores), pairs)
    if distance is None or place.selection == "target-test":
        return [], ""
    ranks = dict(sorted(((name, place.ranks[name].rank) for name in scores), key=lambda item: item[1]))
    tests = wilcoxon_holm([scores[name] for name in ranks]) or {}
    lines = [*_friedman(list(scores.values())), _nemenyi(ranks, distance), _wilcoxon(list(ranks), tests)]
    lines += [*_differ(ranks, distance, tests), DEPENDENT]
    return lines, diagram(ranks, distance, pairs)


def groups(ranks: Mapping[str, float], distance: float) -> list[list[str]]:
    """The largest groups of at least two whose ranks all differ by less than `distance`; `ranks` are in order."""
    names, found = list(ranks), []
    end = 0
    for start, first in enumerate(names):
        last = max(index for index, name in enumerate(names) if ranks[name] - ranks[first] < distance)
        if last > max(start, end):
            found.append(names[start : last + 1])
            end = last
    return found


def diagram(ranks: Mapping[str, float], distance: float, pairs: int) -> str:
    """An axis of average ranks, each strategy at its own, under them a bar for each group; `ranks` are in order.

    It looks like this, in ASCII but for names, so that it can be set anywhere:

        ranks over 12 pairs, 1 is best; === joins those within the critical difference
        |---------------------------------| critical difference 0.96
        1                                   2                                   3
        |-----------------------------------|-----------------------------------|
              o dann 1.17
                                         fine-tune 2.33 o
                                             source-only 2.50 o
                                                        =======
    """
    unit = max(1, AXIS // (len(ranks) - 1))
    at = {name: round((rank - 1) * unit) for name, rank in ranks.items()}
    lines = [
        f"ranks over {count(pairs, 'pair')}, 1 is best; === joins those within the critical difference",
        f"|{'-' * (round(distance * unit) - 1)}| critical difference {distance:.2f}",
        *_axis(len(ranks), unit),
        *(_marker(name, ranks[name], position) for name, position in at.items()),
    ]
    for group in groups(ranks, distance):
        first, last = at[group[0]], at[group[-1]]
        lines.append(" " * first + "=" * (last - first + 1))
    return "\n".join(lines)


def _axis(strategies: int, unit: int) -> list[str]:
    """The numbers of the ticks, as many as find room, and the line."""
    step = next(step for step in (1, 2, 5, 10) if step * unit >= TICK)
    numbers = "".join(f"{tick:<{step * unit}}" for tick in range(1, strategies + 1, step))
    line = "|".join(["", *["-" * (unit - 1)] * (strategies - 1), ""])
    return [numbers.rstrip(), line]


def _marker(name: str, rank: float, position: int) -> str:
    """A strategy at its rank, with its name on the side that has more room."""
    text, number = plain(name), f"{rank:.2f}"
    if position <= AXIS // 2:
        return " " * position + f"o {_short(text, WIDTH - position - 3 - len(number))} {number}"
    return f"{_short(text, position - 2 - len(number))} {number} o".rjust(position + 1)


def _short(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 3] + "..."


def _friedman(scores: Sequence[Sequence[float]]) -> list[str]:
    test = friedman(scores)
    if test is None:
        return []
    p = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.3f}"
    said = "ranks differ" if test.p_value <= ALPHA else "ranks are not shown to differ, and the tests below mean little"
    first, second = test.degrees
    f = "∞" if math.isinf(test.statistic) else f"{test.statistic:.2f}"
    return [f"Friedman's test (Iman and Davenport's F): F({first}, {second}) = {f}, {p}: {said}."]


def _nemenyi(ranks: Mapping[str, float], distance: float) -> str:
    listing = "; ".join(map(_group, groups(ranks, distance))) or "none"
    return f"Critical difference of average ranks (Nemenyi's test, 5 %): {distance:.2f}. Within it: {listing}."


def _group(names: Sequence[str]) -> str:
    """Names that follow each other in rank."""
    return ", ".join(names) if len(names) <= NAMED else f"{names[0]} to {names[-1]} ({len(names)} strategies)"


def _differ(ranks: Mapping[str, float], distance: float, tests: Mapping[tuple[int, int], float]) -> list[str]:
    """Why the two tests may not say the same, where they do not."""
    found = list(ranks.values())
    if all((abs(found[i] - found[j]) >= distance) == (p <= ALPHA) for (i, j), p in tests.items()):
        return []
    return [
        "The two differ since Nemenyi's test looks at average ranks among all strategies, and Wilcoxon's at how large "
        "the differences of two are."
    ]


def _wilcoxon(names: Sequence[str], tests: Mapping[tuple[int, int], float]) -> str:
    """Which strategies are not told apart, or which are, whichever is said in fewer words."""
    alike = [(names[i], names[j]) for (i, j), p in tests.items() if p > ALPHA]
    apart = [(names[i], names[j]) for (i, j), p in tests.items() if p <= ALPHA]
    said = (
        f"tells apart only {_couples(apart)}" if len(apart) < len(alike) else f"does not tell apart {_couples(alike)}"
    )
    if not apart or not alike:
        said = "tells all apart" if apart else "tells no two apart"
    return f"Wilcoxon's signed-rank test, Holm-corrected over {count(len(tests), 'comparison')}, {said}."


def _couples(couples: Sequence[tuple[str, str]]) -> str:
    """`a from b, c; b from d`."""
    by_first: dict[str, list[str]] = {}
    for first, second in couples:
        by_first.setdefault(first, []).append(second)
    return "; ".join(f"{first} from {', '.join(others)}" for first, others in by_first.items())
