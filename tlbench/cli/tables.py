"""Tables on the terminal, for `run` and `leaderboard`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tlbench.leaderboard.frame import Board
    from tlbench.planning.plan import Plan


def print_tables(folder: Path, plan: Plan | None) -> None:
    """The leaderboard of what was asked for (everything, without a plan), from stored records."""
    from tlbench.leaderboard.frame import load_board
    from tlbench.leaderboard.renderers import render
    from tlbench.leaderboard.table import leaderboard

    board = load_board(folder)
    if plan is not None:
        _leave_only(board, plan)
    typer.echo(render(leaderboard(board), "table"))


def _leave_only(board: Board, plan: Plan) -> None:
    """Take out of the board what filters left out of the plan."""
    wanted = {(cell.run_key, cell.variant, cell.pair, cell.setting, cell.shots) for cell in plan.cells}
    board.plan.cells = [
        cell for cell in board.cells if (cell.run_key, cell.variant, cell.pair, cell.setting, cell.shots) in wanted
    ]
