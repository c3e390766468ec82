"""How long the page of two thousand runs takes to sort, in a real browser."""

from __future__ import annotations

import pytest
from browser import Visit, running_browser

from tlbench.publishing.web.html import suite_page

SEEDS = [0, 1, 2]
BASE = {"a:b": [0.50, 0.52, 0.51], "b:a": [0.80, 0.82, 0.81]}
#: The sort and the drawing of what is seen, up to the next frame.
SORT = """direction => new Promise(done => {
  all.setSort("score", direction);
  requestAnimationFrame(() => done(all.getDataCount("active")));
})"""


@pytest.fixture
def page(results, tmp_path):
    results.transductive({f"s{index}": BASE for index in range(330)}, SEEDS, BASE)
    path = tmp_path / "index.html"
    path.write_text(suite_page(results.result_set()), encoding="utf-8")
    with running_browser() as browser:
        seen = Visit(browser, path)
        yield seen.page
        seen.close()


def test_sorting_two_thousand_rows(benchmark, page):
    directions = iter(["asc", "desc"] * 50)
    rows = benchmark.pedantic(lambda: page.evaluate(SORT, next(directions)), rounds=10, warmup_rounds=1)
    assert rows == 1992
