"""Tables for a web page: a minimal fragment without style or script."""

from __future__ import annotations

import html
from collections.abc import Sequence

from tlbench.core.plain_text import plain, plain_lines
from tlbench.leaderboard.tables.cells import Cell, Column, Table


def render(tables: Sequence[Table]) -> str:
    """All tables, each as a `section`; every name is escaped."""
    return "\n".join(_table(table) for table in tables) + "\n"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(column.title)}</th>' for column in table.columns)
    rows = "\n".join(f"<tr>{_row(table.columns, row)}</tr>" for row in table.rows)
    notes = [f"<li>{_text(line)}</li>" for line in (*table.notes, table.bold) if line]
    notes += [f"<li><sup>{n}</sup> {_text(text)}</li>" for n, text in enumerate(table.footnotes, 1)]
    lines = [
        "<section>",
        f"<h2>{_text(table.title)}</h2>",
        "<table>",
        f"<caption>{_text(table.caption)}</caption>",
        f"<thead><tr>{head}</tr></thead>",
        f"<tbody>\n{rows}\n</tbody>",
        "</table>",
        f"<ul>{''.join(notes)}</ul>" if notes else "",
        f"<pre>{html.escape(plain_lines(table.diagram))}</pre>" if table.diagram else "",
        "</section>",
    ]
    return "\n".join(line for line in lines if line)


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    first, *rest = (_content(cell) for cell in row)
    aligned = zip(columns[1:], rest, strict=True)
    data = "".join(f'<td style="text-align: {column.align}">{content}</td>' for column, content in aligned)
    return f'<th scope="row">{first}</th>{data}'


def _content(cell: Cell) -> str:
    signs = "".join(f" {_text(mark)}" for mark in cell.marks)
    numbers = f"<sup>{','.join(map(str, cell.footnotes))}</sup>" if cell.footnotes else ""
    text = f"<strong>{_text(cell.text)}</strong>" if cell.best else _text(cell.text)
    return text + signs + numbers


def _text(text: str) -> str:
    """Text that a page shows as it is."""
    return html.escape(plain(text))
