"""Tables for LaTeX, with booktabs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tlbench.core.plain_text import plain
from tlbench.leaderboard.renderers.latex_signs import sign
from tlbench.leaderboard.renderers.terminal import drawn
from tlbench.leaderboard.tables.cells import Cell, Column, Table

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
        '"': "{''}",  # every font encoding has it
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
        "≈": r"$\approx$",
        "✗": r"$\times$",
        "∅": r"$\emptyset$",
        "λ": r"$\lambda$",
        "…": r"\ldots{}",
        "≤": r"$\leq$",
        "χ": r"$\chi$",
        "²": r"\textsuperscript{2}",
    }
)

# What fits keeps its size; a wider table is shrunk to the line.
_NO_WIDER_THAN_THE_LINE = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"


def render(tables: Sequence[Table]) -> str:
    """All tables as `table` environments, each with a label; a document needs the packages in the first lines."""
    labelled = zip(tables, _labels(tables), strict=True)
    return "% \\usepackage{booktabs,graphicx}\n" + "\n\n".join(_table(table, label) for table, label in labelled) + "\n"


def _labels(tables: Sequence[Table]) -> list[str]:
    """`tab:digits-inductive-5-shots-…`: of letters, digits and hyphens, and different for each table."""
    seen: Counter[str] = Counter()
    found = []
    for table in tables:
        name = re.sub("[^a-z0-9]+", "-", table.title.lower()).strip("-")
        seen[name] += 1
        found.append(f"tab:{name}" + (f"-{seen[name]}" if seen[name] > 1 else ""))
    return found


def _table(table: Table, label: str) -> str:
    columns = "".join("l" if column.align == "left" else "r" for column in table.columns)
    head = " & ".join(_head(column) for column in table.columns)
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows]
    footnotes = [rf"\textsuperscript{{{number}}} {escape(text)}" for number, text in enumerate(table.footnotes, 1)]
    said = [*table.notes, *([table.bold] if table.bold else [])]
    notes = [rf"{line}\par" for line in (*map(escape, said), *footnotes)]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.title)}. {escape(table.caption)}}}",
        rf"\label{{{label}}}",
        _NO_WIDER_THAN_THE_LINE + rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}}",
        *([r"\par\smallskip", r"{\footnotesize\raggedright", *notes, "}"] if notes else []),
        *_verbatim(table.diagram),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _head(column: Column) -> str:
    """The lines of a head under each other, the last at the foot."""
    lines = [
        _after_break(escape(line)) for line in column.head.replace(":", ":\n").split("\n")
    ]  # a pair's target under its source
    if len(lines) == 1:
        return lines[0]
    align = "l" if column.align == "left" else "r"
    return rf"\begin{{tabular}}[b]{{@{{}}{align}@{{}}}}" + r" \\ ".join(lines) + r"\end{tabular}"


def _after_break(text: str) -> str:
    """Text that begins a line: a bracket or a star there would be the argument of the line break before it."""
    return f"{{{text}}}" if text.lstrip(" ~").startswith(("[", "*")) else text


def _verbatim(diagram: str) -> list[str]:
    """A diagram as it is, small enough that 80 characters fit a line; a name in it cannot end the environment."""
    if not diagram:
        return []
    # As it is, but for signs that no font of LaTeX has.
    lines = ("".join(char if char.isascii() else "?" for char in line) for line in drawn(diagram))
    lines = (line.replace(r"\end{", r"\end {") for line in lines)
    return [r"{\scriptsize", r"\begin{verbatim}", *lines, r"\end{verbatim}", "}"]


def _cell(cell: Cell) -> str:
    signs = "".join(f"~{escape(mark)}" for mark in cell.marks)
    numbers = ",".join(map(str, cell.footnotes))
    text = _after_break(escape(cell.text))
    text = rf"\textbf{{{text}}}" if cell.best else text
    return text + signs + (rf"\textsuperscript{{{numbers}}}" if numbers else "")


def escape(text: str) -> str:
    """Text that LaTeX sets as it is."""
    known = plain(text.replace("\n", " ")).translate(_ESCAPES)
    return "".join(char if char.isascii() else sign(char) for char in known)
