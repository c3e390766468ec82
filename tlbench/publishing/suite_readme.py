"""The page of one suite: its text, what came out, where it ran, its tables, and how to check them."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.leaderboard.renderers.markdown import escape, render
from tlbench.publishing.page_inputs import PageInputs
from tlbench.publishing.run_environment import origin
from tlbench.publishing.svg_figures import FOLDER, Picture
from tlbench.publishing.table_sections import Section


def readme(material: PageInputs, notes: str, sections: Sequence[Section], pictures: Sequence[Picture]) -> str:
    """The page in Markdown. `notes` is hand-written text on what came out, empty where there is none."""
    result_set = material.result_set
    parts = [
        f"# {escape(result_set.plan.suite)}",
        result_set.plan.about or escape(result_set.plan.summary),
        "[index.html](index.html) shows the same in a browser: sorted, filtered, as charts, and run by run.",
        _came_out(notes),
        f"## Where and how it ran\n\n{origin(result_set)}",
        *(_tables(section) for section in sections),
        _pictures(pictures),
        f"## How to check it\n\n{_commands(material)}",
    ]
    return "\n\n".join(text.strip("\n") for text in parts if text) + "\n"


def _came_out(notes: str) -> str:
    """Hand-written text under a heading, where it does not bring its own."""
    return notes if not notes or notes.startswith("#") else f"## What came out\n\n{notes}"


def _tables(section: Section) -> str:
    tables = render(section.tables, level=3).strip("\n")
    return "\n\n".join(filter(None, [f"## {section.heading}", section.introduction, tables]))


def _pictures(pictures: Sequence[Picture]) -> str:
    """The drawings, a line each, folded: they are many."""
    if not pictures:
        return ""
    lines = [f"![{picture.kind}: {escape(picture.title)}]({FOLDER}/{picture.name})" for picture in pictures]
    listing = "\n\n".join(lines)
    return f"## Figures\n\n<details><summary>All {len(lines)}</summary>\n\n{listing}\n\n</details>"


def _commands(material: PageInputs) -> str:
    """Commands, from the folder above that of all suites."""
    suite, key = material.suite, next(iter(material.records))
    claims = [(f"tlbench leaderboard FOLDER/{suite} --claims", "published figures beside ours")]
    commands = [
        (f"tlbench publish FOLDER/{suite} --check", "this page is what the records beside it give"),
        (f"tlbench leaderboard FOLDER/{suite}", "the tables, from the same records"),
        *(claims if material.result_set.plan.claims else []),
        (f"tlbench show FOLDER/{suite}/{key[:8]}", "one of the runs"),
        (f"tlbench run {suite}", "all of it again, into results/"),
        (f"tlbench compare FOLDER/{suite} results/{suite}", "both, run by run"),
    ]
    width = max(len(command) for command, _ in commands) + 4
    lines = [f"    {command:{width}}{meaning}" for command, meaning in commands]
    head = (
        "`FOLDER` holds the folder of this page. [records.jsonl](records.jsonl) has the record of every run, one a "
        "line: parameters, scores under every selection protocol, cost, curves, provenance. [plan.json](plan.json) "
        "says what the suite asked for, [predictions.safetensors](predictions.safetensors) holds the predicted classes "
        "of each run and [correct.safetensors](correct.safetensors) which test items it has right. The tables are in "
        "[table.csv](table.csv) and [table.tex](table.tex) too."
    )
    return "\n".join([head, "", *lines])
