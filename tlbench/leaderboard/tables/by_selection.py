"""Selection protocols as columns: what choosing a checkpoint is worth, and what choosing on test labels pretends."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.evaluation.statistics import PairedTest, paired_difference
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import REVERSE
from tlbench.leaderboard.tables import notes, verdict_notes
from tlbench.leaderboard.tables.by_strategy import FIRST
from tlbench.leaderboard.tables.cells import DISHONEST, Cell, Column, Table
from tlbench.leaderboard.tables.footnotes import Footnotes
from tlbench.leaderboard.tables.recipe_notes import recipes

TEST = "target-test"


def by_selection(places: Sequence[TableGroup]) -> list[Table]:
    """Two tables with protocols as columns: the metric, and its difference to `target-test`.

    `places` are the same cells under each protocol, at least one.
    """
    levels = _levels(places)
    test = next((place for place in places if place.selection == TEST), None)
    return [levels, _differences(places, test)] if test and len(places) > 1 else [levels]


def _levels(places: Sequence[TableGroup]) -> Table:
    first, footnotes = places[0], Footnotes(places[0])
    rows = []
    for variant in _variants(places):
        cells = [place.scale.cell(place.overall(variant)) for place in places]
        # `last` chooses among no members, so the row of a grid is explained as the next protocol has it.
        home = next(place for place in places if variant in place.variants)
        numbers = Footnotes(home, footnotes.texts).missing(variant, first.metric)
        rows.append([Cell(variant, footnotes=numbers), *cells])
    lines = [*dict.fromkeys(line for place in places for line in place.choices)]
    lines += ["—: a run is missing, or the setting lacks what the protocol reads.", *_test_note(places)]
    if first.few_seeds:
        lines.append(verdict_notes.FEW_SEEDS)
    lines += [*notes.same_for_every_seed(first, over_pairs=True), *recipes(first)]
    second = ", but a second one for reverse-validation" if any(p.selection == REVERSE for p in places) else ""
    text = notes.caption(first, over_pairs=True) + f" One training per run, whatever the protocol{second}."
    return Table(notes.title(first, "every selection protocol"), _columns(places), rows, text, lines, footnotes.texts)


def _differences(places: Sequence[TableGroup], test: TableGroup) -> Table:
    honest = [place for place in places if place is not test]
    rows = []
    for variant in _variants(places):
        rows.append(
            [Cell(variant), *(test.scale.cell(_difference(place, test, variant), signed=True) for place in honest)]
        )
    text = f"{notes.caption(test, over_pairs=True)} Differences are paired by seed."
    title = notes.title(places[0], f"each protocol minus {TEST} {DISHONEST}")
    return Table(title, _columns(honest), rows, text, [*recipes(test), *_test_note(places)])


def _variants(places: Sequence[TableGroup]) -> list[str]:
    """All rows: a protocol that chooses among members of a grid has one more than `last`, which does not."""
    return max((place.variants for place in places), key=len)


def _columns(places: Sequence[TableGroup]) -> list[Column]:
    heads = (f"{place.selection} {DISHONEST}" if place.selection == TEST else place.selection for place in places)
    return [FIRST, *(Column(place.selection, head) for place, head in zip(places, heads, strict=True))]


def _test_note(places: Sequence[TableGroup]) -> list[str]:
    if all(place.selection != TEST for place in places):
        return []
    return [f"{DISHONEST} chosen by the target test score: shown for comparison, never ranked"]


def _difference(place: TableGroup, test: TableGroup, variant: str) -> PairedTest | None:
    shown = place.shown(variant)
    ours, theirs = place.means(variant, shown), test.means(variant, shown)
    if ours is None or theirs is None:
        return None
    return paired_difference(list(ours.values()), list(theirs.values()))
