"""The page of one suite: its text, what came out, where it ran, its tables, and how to check them."""

from __future__ import annotations

from tlbench.errors import TlbenchError, unknown
from tlbench.leaderboard.by_figure import by_figure
from tlbench.leaderboard.cells import Table
from tlbench.leaderboard.frame import Board
from tlbench.leaderboard.renderers.markdown import escape, render
from tlbench.leaderboard.table import leaderboard
from tlbench.publishing.material import Material
from tlbench.publishing.origin import origin
from tlbench.views import FURTHER_VIEWS, SELECTION, By

#: What stands above the tables of a further shape. A shape that is not here is announced by its name.
_HEADINGS = {"pair": "By pair", "shots": "By label budget", "source": "By source", SELECTION: "What choosing is worth"}
_INTRODUCTIONS = {
    SELECTION: "Every protocol is scored from the same trainings. `target-test` ⚠ chooses on target test labels: it is "
    "shown for comparison and never ranked."
}


def page(material: Material, notes: str) -> str:
    """The page in Markdown. `notes` is hand-written text on what came out, empty where there is none.

    Raises `TlbenchError` where a table cannot be made, as for a view that is not known.
    """
    board = material.board
    sections = [
        f"# {escape(board.plan.suite)}",
        board.plan.about or escape(board.plan.summary),
        _came_out(notes),
        f"## Where and how it ran\n\n{origin(board)}",
        _tables("Published figures beside ours", by_figure(board)) if board.plan.claims else "",
        _tables("The tables", leaderboard(board)),
        *(_view(board, name) for name in board.plan.views),
        f"## How to check it\n\n{_commands(material)}",
    ]
    return "\n\n".join(text.strip("\n") for text in sections if text) + "\n"


def _came_out(notes: str) -> str:
    """Hand-written text under a heading, where it does not bring its own."""
    return notes if not notes or notes.startswith("#") else f"## What came out\n\n{notes}"


def _view(board: Board, name: str) -> str:
    if name not in FURTHER_VIEWS:
        raise TlbenchError(f"the plan of {board.plan.suite!r}: {unknown('view', name, FURTHER_VIEWS)}")
    heading = _HEADINGS.get(name, f"By {name}")
    if name == SELECTION:
        return _tables(heading, leaderboard(board, selection="all"), _INTRODUCTIONS[name])
    return _tables(heading, leaderboard(board, by=By(name)))


def _tables(heading: str, tables: list[Table], introduction: str = "") -> str:
    return "\n\n".join(filter(None, [f"## {heading}", introduction, render(tables, level=3).strip("\n")]))


def _commands(material: Material) -> str:
    """Commands, from the folder above that of all suites."""
    suite, key = material.suite, next(iter(material.records))
    claims = [(f"tlbench leaderboard FOLDER/{suite} --claims", "published figures beside ours")]
    commands = [
        (f"tlbench publish FOLDER/{suite} --check", "this page is what the records beside it give"),
        (f"tlbench leaderboard FOLDER/{suite}", "the tables, from the same records"),
        *(claims if material.board.plan.claims else []),
        (f"tlbench show FOLDER/{suite}/{key[:8]}", "one of the runs"),
        (f"tlbench run {suite}", "all of it again, into results/"),
        (f"tlbench compare FOLDER/{suite} results/{suite}", "both, run by run"),
    ]
    width = max(len(command) for command, _ in commands) + 4
    lines = [f"    {command:{width}}{meaning}" for command, meaning in commands]
    head = (
        "`FOLDER` holds the folder of this page. [records.jsonl](records.jsonl) has the record of every run, one a "
        "line: parameters, scores under every selection protocol, cost, curves, provenance. [plan.json](plan.json) "
        "says what the suite asked for."
    )
    return "\n".join([head, "", *lines])
