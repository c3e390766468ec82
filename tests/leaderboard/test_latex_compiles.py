"""Tables for papers, set by a real pdflatex."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import render

#: Set where a missing LaTeX is a failure, as in continuous integration.
REQUIRED = "TLBENCH_REQUIRE_LATEX"
HEAD = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
SEEDS = [0, 1, 2]
HOSTILE = r"a_b%c$d#e&f{g}~h^i\j<k>|l" + '"m'


@pytest.fixture
def pdflatex():
    found = shutil.which("pdflatex")
    if found is None:
        needed = os.environ.get(REQUIRED, "") not in ("", "0")
        (pytest.fail if needed else pytest.skip)("needs pdflatex with booktabs (Debian: texlive-latex-recommended)")
    return found


def test_every_shape_compiles_with_names_that_mean_something_in_it_and_no_line_is_too_wide(pdflatex, results, tmp_path):
    pairs = [f"source_{index}:target_{index}" for index in range(12)]
    scores = {pair: [0.7, 0.72, 0.71] for pair in pairs}
    base = {pair: [0.5, 0.52, 0.51] for pair in pairs}
    results.transductive({"dann": scores, HOSTILE: base}, SEEDS, base)
    results.inductive("fine-tune", "a:b", SEEDS, [0.6, 0.61, 0.62], [0.5, 0.51, 0.53], [0.5, 0.51, 0.53])
    result_set = results.result_set()
    tables = leaderboard(result_set) + leaderboard(result_set, by="pair") + leaderboard(result_set, selection="all")
    (tmp_path / "paper.tex").write_text(f"{HEAD}\n{render(tables, 'latex')}\n\\end{{document}}\n", encoding="utf-8")
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "Missing character" not in log
    assert "multiply defined" not in log
    wide = [line for line in log.splitlines() if line.startswith("Overfull \\hbox") and "in paragraph" not in line]
    assert wide == []
