"""`docs/python.md`: its code runs, from top to bottom, as a notebook's cells."""

from __future__ import annotations

import re
from pathlib import Path

from cells import Notebook

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_the_code_of_the_page_runs(project, monkeypatch):
    book = Notebook()
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        small = block.replace('found = tlbench.run("quick")\nfound\n', "").replace('"steps": 100', '"steps": 10')
        book.cell(small)
    assert not book["found"].failed
    assert {"dann", "smoothed"} <= set(book["found"].frame()["variant"])
    assert (project.folder / "curves.pdf").read_bytes().startswith(b"%PDF")
