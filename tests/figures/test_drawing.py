"""`tlbench figure`: files that a paper can take in, and one message where there is nothing to draw."""

from __future__ import annotations

import re

import pytest

KINDS = ["heatmap", "frontier", "cd", "curves"]
SEEDS = [0, 1, 2]
CURVE = [{"step": 1, "loss": 2.0}, {"step": 100, "loss": 1.0}, {"step": 100, "source_val": 0.75}]
#: Names that mean something in the mathematics, in XML and in a terminal.
HOSTILE = "d$a_n^n$<b>&\x1b[31m"


@pytest.fixture
def suite(project, results):
    pairs = [f"a{index}:b{index}" for index in range(10)]
    base = {pair: [0.5, 0.51, 0.52] for pair in pairs}
    scores = {name: {pair: [0.6, 0.62, 0.61] for pair in pairs} for name in (HOSTILE, "fine-tune")}
    results.transductive(scores, SEEDS, base, curve=CURVE)
    results.result_set()
    return project


def figure(project, *arguments):
    return project.tlbench("figure", *arguments, plugin=False)


def test_several_tables_are_listed_with_what_chooses_among_them(suite, results):
    results.inductive("fine-tune", "a0:b0", SEEDS, [0.6, 0.61, 0.62], [0.5, 0.51, 0.53], [0.5, 0.51, 0.53])
    results.result_set()
    outcome = figure(suite, "heatmap", "digits", "-o", "x.pdf")
    assert outcome.code == 2
    assert "2 are left; choose one with --setting, --shots, --backbone" in outcome.err
    assert "inductive, 5 shots · small-cnn · held-out" in outcome.err
    assert figure(suite, "heatmap", "digits", "-o", "x.pdf", "--shots", "5").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["heatmaps", "digits", "-o", "x.pdf"], "did you mean 'heatmap'"),
        (["heatmap", "digit", "-o", "x.pdf"], "did you mean 'digits'"),
        (["heatmap", "digits", "-o", "x.doc"], "a figure is written as .pdf, .svg"),
        (["heatmap", "digits", "-o", "x"], "a figure is written as .pdf, .svg"),
        (["heatmap", "digits", "-o", "x.pdf", "--selection", "all"], "one --selection, not all"),
        (["heatmap", "digits", "-o", "x.pdf", "--metric", "acuracy"], "did you mean 'accuracy'"),
        (["heatmap", "digits", "-o", "x.pdf", "--pair", "b:*"], "--pair 'b:*'"),
        (["cd", "digits", "-o", "x.pdf", "--pair", "a0:b0"], "needs ten pairs"),
        (["heatmap", "digits", "-o", "suite.toml/x.pdf"], "cannot write"),
    ],
)
def test_bad_input_is_one_message_and_no_file(suite, arguments, said):
    suite.suite()
    outcome = figure(suite, *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not list(suite.folder.glob("x*"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_drawn_and_drawn_again_the_same(suite, kind):
    for name in ("one.svg", "two.svg"):
        outcome = figure(suite, kind, "digits", "-o", name)
        assert outcome.code == 0, outcome.err
    assert (suite.folder / "one.svg").read_bytes() == (suite.folder / "two.svg").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_fonts_are_in_the_pdf_as_outlines_of_letters_not_as_pictures(suite, kind):
    assert figure(suite, kind, "digits", "-o", "x.pdf").code == 0
    content = (suite.folder / "x.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


def test_a_figure_is_one_column_wide(suite):
    assert figure(suite, "frontier", "digits", "-o", "x.svg").code == 0
    width = re.search(r'width="([\d.]+)pt"', (suite.folder / "x.svg").read_text())
    assert float(width[1]) == pytest.approx(72 * 3.35, abs=1)
