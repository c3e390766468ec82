"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from tabulate import SEPARATING_LINE, tabulate

from tlbench.core.plain_text import plain
from tlbench.leaderboard.tables.cells import Cell, Column, Table

WIDTH = 120
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def render(tables: Sequence[Table], width: int = WIDTH) -> str:
    """All tables, one under the other, none wider than `width` characters where its columns allow."""
    return "\n\n\n".join(_table(table, width) for table in tables) + "\n"


def _table(table: Table, width: int) -> str:
    footnotes = [f"{superscript(number)} {text}" for number, text in enumerate(table.footnotes, 1)]
    lines = [plain(table.title), *_wrapped(table.caption, width), ""]
    for columns in _blocks(table, width):
        lines += [*_body(table, columns), ""]
    lines += [part for line in (*table.notes, *footnotes) for part in _wrapped(line, width)]
    return "\n".join([*lines, *(["", *drawn(table.diagram)] if table.diagram else [])]).rstrip()


def _blocks(table: Table, width: int) -> list[list[int]]:
    """Positions of the columns of each block: a table that is too wide goes on below with its first column again."""
    blocks, block = [], [0]
    for index in range(1, len(table.columns)):
        if len(block) > 1 and _width(table, [*block, index]) > width:
            # Broken where a group starts, if one does, so that the last column does not stand alone.
            start = next(
                (k for k in reversed(range(2, len(block))) if table.columns[block[k]].starts_group), len(block)
            )
            blocks.append(block[:start])
            block = [0, *block[start:]]
        block.append(index)
    return [*blocks, block]


def _width(table: Table, columns: Sequence[int]) -> int:
    return max(map(len, _body(table, columns)))


def _body(table: Table, columns: Sequence[int]) -> list[str]:
    hanging = {index: _marks_width(table, index) for index in columns}
    # As rows and not as headers, to which tabulate adds two columns of space.
    heads = _heads([table.columns[index] for index in columns], [hanging[index] for index in columns])
    rows = [[_cell(row[index], hanging[index]) for index in columns] for row in table.rows]
    text = tabulate(
        [*heads, SEPARATING_LINE, *rows],
        tablefmt="simple",
        colalign=[table.columns[index].align for index in columns],
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return [line.rstrip() for line in text.splitlines()]


def _heads(columns: Sequence[Column], hanging: Sequence[int]) -> list[list[str]]:
    """The lines of the heads, those with fewer lines standing lowest."""
    lines = [
        [plain(line) + " " * width for line in c.head.split("\n")] for c, width in zip(columns, hanging, strict=True)
    ]
    most = max(map(len, lines))
    return [[([""] * (most - len(head)) + head)[index] for head in lines] for index in range(most)]


def _cell(cell: Cell, width: int) -> str:
    # Marks hang to the right, so that digits stand under digits.
    return plain(cell.text) + _marks(cell).ljust(width)


def _marks(cell: Cell) -> str:
    signs = "".join(cell.marks)
    return (f" {signs}" if signs else "") + superscript(cell.footnotes)


def _marks_width(table: Table, index: int) -> int:
    right = table.columns[index].align == "right"
    return max((len(_marks(row[index])) for row in table.rows), default=0) if right else 0


def superscript(numbers: int | Sequence[int]) -> str:
    """Footnote numbers as raised digits."""
    several = [numbers] if isinstance(numbers, int) else numbers
    return "˒".join(str(number).translate(_SUPERSCRIPT) for number in several)


def drawn(diagram: str) -> list[str]:
    """The lines of a diagram."""
    return [plain(line).rstrip() for line in diagram.split("\n")]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a paragraph; an interval stays on the line of its number."""
    held = plain(text).replace(" ± ", "\u00a0±\u00a0")
    lines = wrap(held, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]
