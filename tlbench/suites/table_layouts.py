"""The shapes in which the tables of a suite can be shown, on the command line and on its page."""

from __future__ import annotations

from enum import StrEnum


class TableLayout(StrEnum):
    """What the rows and columns are."""

    strategy = "strategy"
    pair = "pair"
    shots = "shots"
    source = "source"


#: Every protocol side by side, which on the command line is `--selection all`.
SELECTION = "selection"
#: What a page may show beside the summary by strategy, which it always shows.
FURTHER_VIEWS = (*(by.value for by in TableLayout if by is not TableLayout.strategy), SELECTION)
