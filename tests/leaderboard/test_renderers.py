"""Every format, with names that mean something in it."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from html.parser import HTMLParser

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import formats, render, terminal
from tlbench.leaderboard.tables.cells import Cell, Column, Table
from tlbench.plugins.manager import plugin_host

HOSTILE = "a|b<script>&_%"
CONTROL = "x\x1b[31m\r\ny"


@pytest.fixture
def table():
    return Table(
        title=f"title {HOSTILE}",
        columns=[Column("strategy", "strategy", "left"), Column("accuracy", "acc\n%"), Column(HOSTILE, HOSTILE)],
        rows=[
            [Cell(HOSTILE), Cell("81.2 ± 1.3", 0.812, 0.013, 0.799, 0.825, ("↓",), (1,)), Cell("−3.1", -0.031)],
            [Cell("dann"), Cell("—", footnotes=(1, 2)), Cell("")],
        ],
        caption=f"caption {HOSTILE}",
        notes=[f"note {HOSTILE}"],
        footnotes=[f"footnote {HOSTILE}", "second"],
    )


@pytest.fixture
def hostile_board(results):
    pair = f"{HOSTILE.replace('/', '')}:uci"
    results.transductive({HOSTILE: {pair: [("failed", f"raised {HOSTILE}")]}}, [0], {pair: [0.5]})
    return results.result_set()


@pytest.mark.parametrize("form", formats())
def test_hostile_boards_are_rendered_in_every_format(hostile_board, form):
    for options in ({}, {"by": "pair"}, {"selection": "all"}):
        text = render(leaderboard(hostile_board, **options), form)
        assert text.endswith("\n") and not text.endswith("\n\n")


@pytest.mark.parametrize("form", formats())
def test_no_tables_are_no_failure(form):
    assert isinstance(render([], form), str)


@pytest.mark.parametrize("form", formats())
def test_a_renderer_is_imported_when_it_is_used(table, form):
    module = plugin_host().find("renderers", form)[0].target.partition(":")[0]
    sys.modules.pop(module, None)
    render([table], form)
    assert module in sys.modules


def test_unknown_format():
    with pytest.raises(TlbenchError, match="did you mean 'markdown'"):
        render([], "markdwn")


def test_terminal_is_aligned(table):
    lines = render([table]).splitlines()
    rule = "--------------  -------------  --------------"
    start = lines.index(rule)
    assert lines[start : start + 7] == [
        rule,
        "                       acc",
        "strategy                 %     a|b<script>&_%",
        rule,
        "a|b<script>&_%  81.2 ± 1.3 ↓¹            −3.1",
        "dann                     —¹˒²",
        rule,
    ]
    assert "¹ footnote a|b<script>&_%" in lines


def test_terminal_goes_on_below_where_it_is_too_wide(table):
    columns = [table.columns[0], *(Column(str(n), f"column {n}", starts_group=n == 3) for n in range(6))]
    wide = Table("t", columns, [[Cell("dann"), *(Cell("81.2 ± 1.3") for _ in range(6))]])
    lines = terminal.render([wide], width=70).splitlines()
    assert max(map(len, lines)) <= 70
    heads = [line.split("  ") for line in lines if line.startswith("strategy")]
    assert [sum("column" in part for part in head) for head in heads] == [3, 3]


def test_terminal_obeys_no_control_characters(table):
    table.rows[1][0] = Cell(CONTROL)
    text = render([table])
    assert "\x1b" not in text and "\r" not in text


def test_markdown_rows_have_as_many_cells_as_the_head(table):
    table.rows[1][0] = Cell(CONTROL)
    lines = [line for line in render([table], "markdown").splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}
    assert "<" not in re.sub(r"\\<", "", "".join(lines))


def test_csv_is_one_row_per_cell_with_raw_numbers(table):
    rows = list(csv.DictReader(io.StringIO(render([table], "csv"))))
    assert len(rows) == 4
    assert (rows[0]["row"], rows[0]["column"], rows[1]["column"]) == (HOSTILE, "accuracy", HOSTILE)
    assert (float(rows[0]["value"]), float(rows[0]["low"]), rows[0]["marks"]) == (0.812, 0.799, "↓")
    assert rows[2]["footnotes"] == f"footnote {HOSTILE}; second"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_holds_no_formula(table, start):
    table.rows[0][0] = Cell(f"{start}cmd|' /C calc'!A0")
    assert f",{start}cmd" not in render([table], "csv").replace('"', "")


def test_csv_leaves_signed_numbers_alone(table):
    table.rows[0][1] = Cell("+9.9 ± 0.7", 0.099)
    assert ",+9.9 ± 0.7,0.099," in render([table], "csv")


def test_heads_of_several_lines_are_one_elsewhere(table):
    table.columns[1] = Column("verdicts", "helps/\nhurts/\nundec.")
    assert "| helps/hurts/undec. |" in render([table], "markdown").replace("  ", " ").replace("  ", " ")


def test_latex_is_escaped_and_balanced(table):
    text = render([table], "latex")
    assert r"a\textbar{}b\textless{}script\textgreater{}\&\_\%" in text
    assert text.count("{") == text.count("}")
    bare = [line for line in text.splitlines() if not line.startswith("%")]
    assert all(re.search(r"(?<!\\)[%#]", line) is None for line in bare)
    row = next(line for line in bare if line.startswith("a\\textbar"))
    assert len(re.findall(r"(?<!\\)&", row)) == 2
    assert r"81.2 $\pm$ 1.3~$\downarrow$\textsuperscript{1}" in row
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))
    assert all(ord(char) < 128 for char in text)


def test_latex_backslashes_are_escaped_once(table):
    table.rows[0][0] = Cell("\\input{x}")
    assert r"\textbackslash{}input\{x\}" in render([table], "latex")


def test_html_is_escaped_and_balanced(table):
    table.rows[1][0] = Cell('"><img src=x onerror=alert(1)>')
    stack, seen = [], set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            stack.append(tag)
            seen.add(tag)

        def handle_endtag(self, tag):
            assert stack.pop() == tag

    Parser().feed(render([table], "html"))
    assert stack == []
    assert seen == {"section", "h2", "table", "caption", "thead", "tbody", "tr", "th", "td", "ul", "li", "sup"}


# --- a diagram below the notes

DIAGRAM = f"1    2\n|----|\n o {HOSTILE}\n\\end{{verbatim}}\n```"


def test_a_diagram_stands_below_the_notes_as_it_is(table):
    table.diagram = DIAGRAM
    plain, markdown, latex, html = (render([table], form) for form in ("table", "markdown", "latex", "html"))
    assert plain.endswith(f"² second\n\n{DIAGRAM}\n")
    assert markdown.endswith(f"second\n\n````text\n{DIAGRAM}\n````\n")
    inside = latex.partition("\\begin{verbatim}\n")[2].partition("\n\\end{verbatim}")[0]
    assert inside == DIAGRAM.replace("\\end{", "\\end {")
    assert latex.count("\\end{verbatim}") == 1
    assert latex.index("second") < latex.index("verbatim") < latex.index("\\end{table}")
    assert re.search(r"</ul>\n<pre>1    2\n\|----\|\n o a\|b&lt;script&gt;&amp;_%\n", html)
    assert json.loads(render([table], "json"))[0]["diagram"] == DIAGRAM
    assert table.keep(["accuracy"]).diagram == DIAGRAM


@pytest.mark.parametrize("form", formats())
def test_without_a_diagram_nothing_is_left_for_it(table, form):
    assert not re.search("verbatim|<pre>|```|\n\n$", render([table], form))


def test_json_holds_raw_numbers(table):
    (read,) = json.loads(render([table], "json"))
    first = read["rows"][0]["accuracy"]
    expected = {"text": "81.2 ± 1.3", "value": 0.812, "half_width": 0.013, "low": 0.799, "high": 0.825}
    assert first == {**expected, "marks": ["↓"], "footnotes": [1]}
    assert read["rows"][0]["strategy"] == {"text": HOSTILE}


def test_json_has_no_infinite_number(table):
    table.rows[0][1] = Cell("12 [3, ∞]", 0.12, None, 0.03, float("inf"))
    (read,) = json.loads(render([table], "json"))
    assert "high" not in read["rows"][0]["accuracy"]


def test_every_latex_table_has_a_label_of_its_own(table):
    text = render([table, table], "latex")
    labels = re.findall(r"\\label\{(.*)\}", text)
    assert len(labels) == 2 == len(set(labels))
    assert all(re.fullmatch("tab:[a-z0-9-]+", label) for label in labels)


def test_a_plugin_may_bring_a_format(project, results, monkeypatch):
    results.transductive({"dann": {"a:b": [0.5]}}, [0], {"a:b": [0.5]})
    results.result_set()
    text = "import tlbench\n\n@tlbench.hookimpl\ndef tlbench_register_renderers(register):\n"
    text += "    register('titles', lambda tables: ' / '.join(table.title for table in tables))\n"
    plugin = project.write("titles.py", text)
    outcome = project.tlbench("leaderboard", "digits", "--format", "titles", "--plugin", plugin, plugin=False)
    assert outcome.out.strip() == "digits · transductive · small-cnn · held-out · selection: last"
    outcome = project.tlbench("leaderboard", "digits", "--format", "title", "--plugin", plugin, plugin=False)
    assert outcome.code == 2
    assert "did you mean 'titles'?" in outcome.err
