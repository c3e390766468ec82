"""Pairs as columns: where transfer works and where it harms."""

from __future__ import annotations

from dataclasses import replace

from tlbench.leaderboard.analysis.best_values import best_on
from tlbench.leaderboard.analysis.sanity import Sanity, sanity
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.tables import notes, verdict_notes
from tlbench.leaderboard.tables.by_strategy import FIRST
from tlbench.leaderboard.tables.cells import FLAGGED, HURTS, MISSING, Cell, Column, Table
from tlbench.leaderboard.tables.footnotes import Footnotes
from tlbench.leaderboard.tables.recipe_notes import recipes


def by_pair(place: TableGroup) -> Table:
    """One row per variant and reference, one column per pair; `↓` where transfer is shown to hurt."""
    footnotes, doubts = Footnotes(place), sanity(place)
    best = {pair: best_on(place, pair) for pair in place.pairs}
    rows = [
        [
            Cell(variant),
            *(
                replace(_cell(place, footnotes, doubts, variant, pair), best=best[pair] == variant)
                for pair in place.pairs
            ),
        ]
        for variant in place.rows
    ]
    columns = [FIRST, *(Column(pair, pair) for pair in place.pairs)]
    marks = notes.marks(place, columns, (cell.marks for row in rows for cell in row))
    same = notes.same_for_every_seed(place, over_pairs=False)
    said = [
        *verdict_notes.harm(place),
        *verdict_notes.verdict_note(place),
        *verdict_notes.unused_source(place),
        *notes.references(place),
    ]
    said += [*notes.cannot_run(place), *same, *notes.about_data(place)]
    lines = [*said, *recipes(place), *doubts.lines, *marks]
    return Table(notes.title(place), columns, rows, notes.caption(place, over_pairs=False), lines, footnotes.texts)


def _cell(place: TableGroup, footnotes: Footnotes, doubts: Sanity, variant: str, pair: str) -> Cell:
    found = place.at(variant, pair)
    numbers = footnotes.missing(variant, place.metric, [pair])
    if found is None:
        return Cell(MISSING, footnotes=numbers)
    hurts = (HURTS,) if place.verdicts.get((variant, pair)) == "hurts" else ()
    by_run = notes.flags_of(place, place.by_spot[variant, pair].values())
    flagged = (FLAGGED,) if by_run else doubts.marks(variant, pair)
    return replace(place.scale.cell(found, marks=hurts + flagged), footnotes=numbers)
