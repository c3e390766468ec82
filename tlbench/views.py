"""The shapes in which a page can show a suite's tables beside the first."""

from __future__ import annotations

from tlbench.cli.leaderboard import By

__all__ = ["SELECTION", "By", "further_views"]

#: Every protocol side by side, which on the command line is `--selection all`.
SELECTION = "selection"


def further_views() -> list[str]:
    """What `views` of a suite file may name: the shapes of `--by`, but for the one that is always shown."""
    return [by.value for by in By if by is not By.strategy] + [SELECTION]
