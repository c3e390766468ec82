"""Names that mean something where they land, in every format, a spreadsheet, LaTeX and a browser: text stays text."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess

import pytest
from faults import LONG, many
from hostile_name_list import names

from tlbench.core.plain_text import plain, plain_lines
from tlbench.leaderboard.renderers import render
from tlbench.leaderboard.tables.cells import Cell, Column, Table
from tlbench.publishing.svg_figures import pictures
from tlbench.publishing.web.html import suite_page

NAMES = list(names(many(250, 1000)))
FORMATS = ("table", "markdown", "csv", "latex", "html", "json")
HEAD = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"


def tables(given, width=3):
    """Tables with a name in every place that can hold one."""
    columns = [Column("variant", "variant", "left"), Column("score", "score")]
    for start in range(0, len(given), 25):
        part = given[start : start + 25]
        rows = [
            [Cell(name), Cell(name, 0.5, marks=("⚑",), footnotes=(1,), best=index == 0)]
            for index, name in enumerate(part)
        ]
        columns_ = [columns[0], Column(part[0], part[-1]), *columns[2:]]
        yield Table(
            part[0], columns_, rows, part[1], [f"a note on {name}" for name in part[:4]], [f"for {part[2]}"], part[3]
        )


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_lets_through_what_a_terminal_obeys(form):
    text = render(list(tables(NAMES)), form)
    assert plain_lines(text) == text
    text.encode()


class _Texts(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.now = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.now = []

    def handle_data(self, data):
        self.now.append(data)

    def handle_endtag(self, tag):
        if tag == "th":
            self.texts.append("".join(self.now))


def test_a_page_shows_each_name_and_has_no_tag_of_theirs():
    parser = _Texts()
    parser.feed(render(list(tables(NAMES)), "html"))
    assert parser.tags <= {
        "section",
        "h2",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "sup",
        "pre",
        "strong",
    }
    assert {plain(name) for name in NAMES} <= set(parser.texts)


def test_a_spreadsheet_has_each_name_and_no_formula_of_theirs():
    rows = list(csv.reader(io.StringIO(render(list(tables(NAMES)), "csv"))))[1:]
    assert {plain(name) for name in NAMES} <= {row[1] for row in rows} | {row[1].removeprefix("'") for row in rows}
    number = re.compile(r"[+-][\d.]+( ± [\d.]+)?")
    cells = [cell for row in rows for cell in row if not number.fullmatch(cell)]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_json_has_each_name_as_it_was():
    found = {
        cell["text"]
        for table in json.loads(render(list(tables(NAMES)), "json"))
        for row in table["rows"]
        for cell in row.values()
    }
    assert found == set(NAMES)


def test_markdown_shows_each_name_and_has_no_tag_link_or_picture_of_theirs():
    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(render(list(tables(NAMES)), "markdown"))
    parser = _Texts()
    parser.feed(shown)
    assert parser.tags <= {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "pre", "code"}
    texts = " ".join(html.unescape(re.sub("</?[a-z0-9]+[^>]*>", " ", shown)).split())
    assert [name for name in NAMES if " ".join(plain(name.replace("\n", " ")).split()) not in texts] == []


def test_latex_sets_every_name(tmp_path):
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        needed = os.environ.get("TLBENCH_REQUIRE_LATEX", "") not in ("", "0")
        (pytest.fail if needed else pytest.skip)("needs pdflatex with booktabs (Debian: texlive-latex-recommended)")
    body = render(list(tables(NAMES)), "latex").replace(r"\end{table}", "\\end{table}\n\\clearpage")
    (tmp_path / "paper.tex").write_text(f"{HEAD}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "Missing character" not in log
    assert "root:x:0" not in log


def test_a_browser_shows_every_name_and_runs_none(make_results, tmp_path):
    from browser import Visit, running_browser

    at_once = 40
    chosen = NAMES if LONG else [name for name in NAMES if len(name) < 60][::4][:at_once]
    with running_browser() as browser:
        for start in range(0, len(chosen), at_once):
            part = chosen[start : start + at_once]
            results = make_results(f"results-{start}")
            results.transductive({name: {"a:b": [0.6]} for name in part}, [0], {"a:b": [0.5]})
            file = tmp_path / f"page-{start}.html"
            file.write_text(suite_page(results.result_set(), notes=part[0]), encoding="utf-8")
            visit = Visit(browser, file)
            shown = [" ".join(text.split()) for text in visit.column("#rows", "name")] or [
                " ".join(text.split()) for text in visit.page.locator("#rows .tabulator-row").all_inner_texts()
            ]
            missing = [name for name in part if not any(" ".join(plain_lines(name).split()) in text for text in shown)]
            assert missing == []
            assert visit.complaints == []
            assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == []
            assert visit.page.locator("#rows img, #rows script").count() == 0
            visit.close()


def test_figures_are_drawn_with_every_name(results):
    chosen = [name for name in NAMES if len(name) < 30][:: many(30, 5)]
    pairs = {"a:b": [0.6, 0.7], "b:a": [0.5, 0.6]}
    results.transductive(dict.fromkeys(chosen, pairs), [0, 1], {"a:b": [0.5, 0.5], "b:a": [0.4, 0.4]})
    made = [picture.svg() for picture in pictures(results.result_set())]
    assert made
    assert all(svg.startswith(b"<?xml") and b"<script" not in svg for svg in made)
