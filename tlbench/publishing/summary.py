"""The page over all suites: what each asks, what became of published figures, and where transfer did harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from tlbench.leaderboard.frame import Board
from tlbench.leaderboard.published import OUTCOMES, verdict_counts
from tlbench.leaderboard.renderers.markdown import escape
from tlbench.publishing.harm import Harm, harm
from tlbench.publishing.origin import device

#: With more cells that hurt, their list is folded.
_FOLDED_FROM = 12


def summary(boards: Mapping[str, Board], notes: str) -> str:
    """The page in Markdown, from the board of each suite by the name of its folder. `notes` is hand-written text."""
    found = {name: harm(board) for name, board in boards.items()}
    sections = [
        "# Published tables",
        notes,
        _suites(boards),
        _figures(boards),
        _strategies(found),
        _hurt(found),
        "## How to check it\n\n    tlbench publish FOLDER/SUITE --check\n\n`FOLDER` is the folder of this page.",
    ]
    return "\n\n".join(text.strip("\n") for text in sections if text) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], numbers: int = 0) -> str:
    """A table whose last `numbers` columns stand at the right."""
    align = ["left"] * (len(head) - numbers) + ["right"] * numbers
    return tabulate(rows, headers=head, tablefmt="pipe", colalign=align, disable_numparse=True)


def _link(name: str) -> str:
    return f"[{escape(name)}]({name}/README.md)"


def _suites(boards: Mapping[str, Board]) -> str:
    rows = [
        [_link(name), escape(board.plan.summary), _devices(board), len(board.records), len(board.plan.seeds)]
        for name, board in boards.items()
    ]
    return "## Suites\n\n" + _table(["suite", "question", "device", "runs", "seeds"], rows, numbers=2)


def _devices(board: Board) -> str:
    shown = (
        device({key: record.provenance.get(key) for key in ("device", "cpu")}) for record in board.records.values()
    )
    return escape("; ".join(sorted({text for text in shown if text})))


def _figures(boards: Mapping[str, Board]) -> str:
    counts = {name: verdict_counts(board) for name, board in boards.items() if board.plan.claims}
    if not counts:
        return ""
    rows = [[_link(name), *(found[outcome] for outcome in OUTCOMES)] for name, found in counts.items()]
    rows.append(["all", *(sum(found[outcome] for found in counts.values()) for outcome in OUTCOMES)])
    text = "Figures that were published elsewhere, and what ours say of them; each suite's page has the rule."
    table = _table(["suite", *OUTCOMES], rows, numbers=len(OUTCOMES))
    return f"## Published figures beside ours\n\n{text}\n\n{table}"


def _strategies(found: Mapping[str, Harm]) -> str:
    names = sorted({name for suite in found.values() for name in suite.verdicts})
    if not names:
        return ""
    rows = [[escape(name), *(_cell(suite, name) for suite in found.values())] for name in names]
    text = (
        "Cells (a variant on a pair, in one setting and label budget) that transfer helped / hurt / left undecided, by "
        "each suite's own metric and selection protocol; each verdict is corrected over the cells of its table."
    )
    table = _table(["strategy", *map(_link, found)], rows, numbers=len(found))
    return f"## What transfer did\n\n{text}\n\n{table}"


def _cell(suite: Harm, name: str) -> str:
    verdicts = suite.verdicts.get(name)
    return " / ".join(str(verdicts[v]) for v in ("helps", "hurts", "undecided")) if verdicts else ""


def _hurt(found: Mapping[str, Harm]) -> str:
    lines = [f"- {escape(line)}" for suite in found.values() for line in suite.lines]
    total = sum(suite.hurt for suite in found.values())
    if not lines:
        return "## Cells that hurt\n\nNone is shown to."
    listing = "\n".join(lines)
    if total > _FOLDED_FROM:
        listing = f"<details><summary>All {total}, with their gaps</summary>\n\n{listing}\n\n</details>"
    return f"## Cells that hurt\n\nThe gap is error minus that of the reference; above 0, transfer hurt.\n\n{listing}"
