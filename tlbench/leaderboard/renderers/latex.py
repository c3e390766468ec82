"""Tables for LaTeX, with booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.leaderboard.cells import Cell, Table
from tlbench.leaderboard.renderers.terminal import drawn, plain

# Marks and signs as mathematics, so that no font or input encoding is needed for them.
_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "±": r"$\pm$",
        "−": r"$-$",
        "—": "---",
        "–": "--",
        "·": r"$\cdot$",
        "→": r"$\to$",
        "∞": r"$\infty$",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "†": r"$\dagger$",
        "⚠": r"\textbf{!}",
        "⚑": r"$\flat$",
        "∅": r"$\emptyset$",
        "λ": r"$\lambda$",
        "…": r"\ldots{}",
        "≤": r"$\leq$",
        "χ": r"$\chi$",
        "²": r"\textsuperscript{2}",
    }
)


def render(tables: Sequence[Table]) -> str:
    """All tables as `table` environments; a document needs the package `booktabs`."""
    return "% \\usepackage{booktabs}\n" + "\n\n".join(_table(table) for table in tables) + "\n"


def _table(table: Table) -> str:
    columns = "".join("l" if column.align == "left" else "r" for column in table.columns)
    head = " & ".join(escape(column.title) for column in table.columns)
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows]
    footnotes = [rf"\textsuperscript{{{number}}} {escape(text)}" for number, text in enumerate(table.footnotes, 1)]
    notes = [rf"\par\footnotesize {line}" for line in (*map(escape, table.notes), *footnotes)]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.title)}. {escape(table.caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
        *_verbatim(table.diagram),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _verbatim(diagram: str) -> list[str]:
    """A diagram as it is, small enough that 80 characters fit a line; a name in it cannot end the environment."""
    if not diagram:
        return []
    lines = (line.replace(r"\end{", r"\end {") for line in drawn(diagram))
    return [r"{\scriptsize", r"\begin{verbatim}", *lines, r"\end{verbatim}", "}"]


def _cell(cell: Cell) -> str:
    signs = "".join(f"~{escape(mark)}" for mark in cell.marks)
    numbers = ",".join(map(str, cell.footnotes))
    # A row that began with a bracket would be read as the argument of the line break before it.
    text = f"{{{escape(cell.text)}}}" if cell.text.startswith(("[", "*")) else escape(cell.text)
    return text + signs + (rf"\textsuperscript{{{numbers}}}" if numbers else "")


def escape(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return plain(text.replace("\n", " ")).translate(_ESCAPES)
