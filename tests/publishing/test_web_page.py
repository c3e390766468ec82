"""The page of a suite in a real browser, opened from disk without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browser import Visit, running_browser

from tlbench.publishing.web.html import suite_page
from tlbench.records.record import Cost, Seconds

HOSTILE = '<img src=x onerror="alert(1)">'
SEEDS = [0, 1, 2]
BASE = {"a:b": [0.50, 0.52, 0.51], "b:a": [0.80, 0.82, 0.81]}
DANN = {"a:b": [0.70, 0.73, 0.72], "b:a": [0.60, 0.63, 0.62]}


def by_protocol(scores):
    return {pair: [{"last": s, "target-test": s + 0.01} for s in values] for pair, values in scores.items()}


@pytest.fixture(scope="module")
def browser():
    with running_browser() as found:
        yield found


@pytest.fixture
def result_set(results):
    """Two strategies, one of them with a name that is markup, in two settings; metrics not in the alphabet's order."""
    results.metrics = ["macro_f1", "accuracy"]
    curve = [{"step": 1, "loss": 2.0}, {"step": 100, "loss": 1.0}]
    strategies = {"dann": by_protocol(DANN), HOSTILE: by_protocol(BASE)}
    both = {"last": 0.98, "target-test": 0.98}
    cost = Cost(own=Seconds(total=9.0))
    results.transductive(strategies, SEEDS, by_protocol(BASE), oracle=both, curve=curve, seconds=cost)
    results.inductive("fine-tune", "a:b", SEEDS, [0.6, 0.61, 0.62], [0.5, 0.51, 0.53], [0.5, 0.51, 0.53])
    return results.result_set()


@pytest.fixture
def file(result_set, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(suite_page(result_set, f"It is so, {HOSTILE}."), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, file):
    opened = []

    def open_(**options):
        opened.append(Visit(browser, file, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_nothing_of_the_network_says_nothing_on_the_console_and_fits_the_screen(visit, file, width, scheme):
    seen = visit(width=width, scheme=scheme)
    seen.page.mouse.wheel(0, 20_000)
    seen.page.wait_for_timeout(200)
    assert seen.complaints == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [file.as_uri()]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_picture_elsewhere_in_hand_written_text_is_not_asked_for(result_set):
    page = suite_page(result_set, "![see](https://example.org/x.png)")
    assert "<img" not in page


def test_names_that_are_markup_are_shown_as_text_everywhere(visit):
    seen = visit()
    assert HOSTILE in seen.column("#rows", "c0")
    assert HOSTILE in seen.column("#all", "variant")
    assert HOSTILE in seen.page.inner_text("#heatmaps")
    assert f"It is so, {HOSTILE}." in seen.page.inner_text("#about")
    seen.page.locator("#rows .tabulator-cell", has_text="onerror").first.click()
    assert seen.page.inner_text("#card h3") == HOSTILE
    assert seen.page.locator("img").count() == 0
    assert seen.complaints == []


def test_a_click_on_a_head_sorts_and_what_is_missing_stands_last_both_ways(visit):
    seen = visit()
    head = seen.page.locator("#rows .tabulator-col[tabulator-field=c2]")
    assert head.inner_text().startswith("adaptation gap")
    for order in (["0.0 ± 0.0", "−0.7 ± 1.4"], ["−0.7 ± 1.4", "0.0 ± 0.0"]):
        head.click()
        assert seen.column("#rows", "c2") == [*order, "", ""]  # the references have no gap


def test_a_point_that_is_alone_has_axes_with_ticks_that_can_be_read(browser, results, tmp_path):
    scores = {"a:b": [0.881_252_1]}
    results.transductive({"dann": scores}, [0], scores, seconds=Cost(own=Seconds(total=9.0)))
    path = tmp_path / "alone.html"
    path.write_text(suite_page(results.result_set(), ""), encoding="utf-8")
    seen = Visit(browser, path, address="#strategy=dann")
    ticks = seen.page.locator("#cost g[aria-label='y-axis tick label'] text").all_text_contents()
    assert len(ticks) > 1
    assert max(map(len, ticks)) <= len("88.5")
    assert len(seen.page.locator("#cost g[aria-label='x-axis tick label'] text").all_text_contents()) > 1
    seen.close()


def test_metric_and_protocol_change_the_numbers_and_a_dishonest_one_is_said_to_be(visit):
    seen = visit()
    assert seen.page.locator("#rows .tabulator-col").nth(1).inner_text().startswith("macro F1")
    before = seen.column("#rows", "c1")
    seen.page.select_option("#selection", "target-test")
    assert "never ranked" in seen.page.inner_text("#warning")
    assert seen.column("#rows", "c1") != before
    seen.page.select_option("#metric", "accuracy")
    assert seen.page.locator("#rows .tabulator-col").nth(1).inner_text().startswith("accuracy")
    assert "selection=target-test" in seen.page.url
    assert "metric=accuracy" in seen.page.url


def test_filters_of_strategy_and_pair_leave_what_fits_them(visit):
    seen = visit()
    seen.page.fill("#strategy", "dann")
    seen.page.wait_for_timeout(400)
    assert seen.column("#rows", "c0") == ["dann"]
    assert set(seen.column("#all", "variant")) == {"dann"}
    seen.page.fill("#pair", "a:b")
    seen.page.wait_for_timeout(400)
    assert set(seen.column("#all", "pair")) == {"a:b"}
    assert seen.page.locator("#heatmaps rect").count() == 1


def test_a_cell_of_the_heat_map_has_its_gap_in_words_and_opens_the_runs_behind_it(visit):
    seen = visit()
    cell = seen.page.locator("#heatmaps rect[role=button]", has_text="dann, b to a")
    assert re.fullmatch(r"dann, b to a: \+19\.3 ± [\d.]+ points, hurts", cell.get_attribute("aria-label"))
    cell.focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.locator("#card tbody tr").count() == len(SEEDS)
    scores = seen.page.locator("#card tbody td:nth-child(3)").all_inner_texts()
    assert scores == ["60.0", "63.0", "62.0"]


def test_a_dot_stands_at_the_score_of_its_run_within_the_interval_of_its_mean(visit):
    """Numbers come by metric and run in one order, and means in another: they must be of the same."""
    seen = visit()
    for metric in ("macro_f1", "accuracy"):
        seen.page.select_option("#metric", metric)
        titles = seen.page.locator("#dots circle title").all_text_contents()
        dann = [float(text.rpartition(" ")[2]) for text in titles if text.startswith("dann on a:b")]
        assert sorted(dann) == [70.0, 72.0, 73.0]
        means = seen.page.locator("#dots g[aria-label=tick] title").all_text_contents()
        assert any(text.startswith("dann on a:b: mean 71.7 ±") for text in means)


def test_a_run_opens_by_keyboard_with_all_that_its_record_says_and_by_its_link(visit, result_set):
    seen = visit()
    row = seen.page.locator("#all .tabulator-row", has_text="dann").first
    row.locator(".tabulator-cell[tabindex='0']").first.focus()
    seen.page.keyboard.press("Enter")
    seen.page.locator("#card[open]").wait_for()
    text = seen.page.inner_text("#card")
    key = re.search(r"run ([0-9a-f]{20})", text)[1]
    assert f"run={key}" in seen.page.url
    for part in (
        "last",
        "target-test ⚠",
        "small-cnn",
        "Curve",
        "tlbench run digits --strategy dann --backbone small-cnn",
    ):
        assert part.lower() in text.lower()
    assert str(result_set.records[key].metrics["last"]["macro_f1"]) in text
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_function("!location.hash.includes('run=')")
    other = visit(address=f"#run={key[:10]}")
    assert key in other.page.inner_text("#card")


def test_tables_of_other_settings_are_chosen_apart_and_never_mixed(visit):
    seen = visit()
    names = seen.page.locator("#table option").all_inner_texts()
    assert [name.split(" · ")[0] for name in names] == ["transductive", "inductive, 5 shots"]
    seen.page.select_option("#table", "1")
    assert "fine-tune" in seen.column("#rows", "c0")
    assert "dann" not in seen.column("#rows", "c0")
    assert "NTG" in seen.page.inner_text("#harm-caption")


def test_colours_can_be_chosen_and_printing_leaves_out_what_only_a_screen_has(visit):
    seen = visit()
    seen.page.click("#theme")
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"
    seen.page.emulate_media(media="print")
    assert not seen.page.is_visible(".controls")
    assert seen.page.is_visible("#rows")


PUBLISHED = sorted(Path(__file__).parents[2].glob("leaderboards/*/index.html"))


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda path: path.parent.name)
def test_every_published_page_shows_every_table_under_every_metric_without_a_complaint(browser, file):
    seen = Visit(browser, file)
    for control in ("table", "metric"):
        for value in seen.page.eval_on_selector_all(f"#{control} option", "all => all.map(one => one.value)"):
            seen.page.select_option(f"#{control}", value)
            assert seen.column("#rows", "c0")
    assert seen.complaints == []
    seen.close()


def test_two_thousand_runs_are_drawn_as_far_as_they_are_seen(results, browser, tmp_path):
    scores = {f"s{index}": DANN for index in range(330)}
    results.transductive(scores, SEEDS, BASE)
    path = tmp_path / "index.html"
    path.write_text(suite_page(results.result_set()), encoding="utf-8")
    seen = Visit(browser, path)
    assert "1,992 runs" in seen.page.inner_text("#runs-caption")
    assert seen.page.locator("#all .tabulator-row").count() < 120
    assert seen.complaints == []
    seen.close()


def test_the_page_holds_all_its_data_and_is_made_again_the_same(result_set, file):
    again = suite_page(result_set, f"It is so, {HOSTILE}.")
    assert file.read_text(encoding="utf-8") == again
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', again)[1])
    assert len(data["runs"]) == len(result_set.records)
    assert list(data["metrics"]) == ["macro_f1", "accuracy"]
    assert "http://" not in re.sub(r"<script>.*?</script>", "", again, flags=re.DOTALL).replace("http://www.w3.org", "")


def test_scores_by_label_budget_are_drawn_for_each_target_where_there_are_several(results, browser, tmp_path):
    for pair, level in (("a:c", 0.5), ("b:c", 0.6), ("a:d", 0.1)):
        for shots, more in ((5, 0.0), ("all", 0.2)):
            scores = [level + more - 0.01, level + more, level + more + 0.01]
            results.inductive("fine-tune", pair, SEEDS, scores, [0.3, 0.4, 0.5], [0.3, 0.4, 0.5], shots=shots)
    path = tmp_path / "budgets.html"
    path.write_text(suite_page(results.result_set(), ""), encoding="utf-8")
    seen = Visit(browser, path)
    panels = seen.page.locator("#budgets-by-target figure")
    assert [text.split("dashed")[0].strip() for text in panels.locator("figcaption").all_inner_texts()] == [
        "to c, mean over 2 pairs",
        "a:d",
    ]
    assert panels.first.locator("g[aria-label=dot] path title").all_text_contents()[-1] == "fine-tune, all: 75.0 ± 2.5"
    seen.page.fill("#pair", "a:d")
    seen.page.wait_for_timeout(400)
    assert panels.count() == 1
    assert seen.complaints == []
    seen.close()


def test_of_one_target_or_one_budget_there_is_no_such_chart(result_set):
    assert "budgets-by-target" not in suite_page(result_set, "")


def test_references_of_own_data_look_like_references(results, browser, tmp_path):
    results.transductive({"dann": DANN}, SEEDS, BASE)
    for pair in BASE:
        for seed in SEEDS:
            key = results.record("majority", "", pair[-1], seed, 0.4, setting="inductive", shots="all")
            results.cell("majority", pair, seed, key, setting="transductive", role="reference")
    path = tmp_path / "own.html"
    path.write_text(suite_page(results.result_set(), ""), encoding="utf-8")
    seen = Visit(browser, path)
    styles = seen.page.evaluate(
        "[...document.querySelectorAll('#rows .tabulator-row')].map((row) => "
        "[row.querySelector('.tabulator-cell').innerText.trim(), row.className.includes('baseline')])"
    )
    assert dict(styles)["majority"] == dict(styles)["source-only"]
    assert dict(styles)["majority"] != dict(styles)["dann"]
    assert seen.complaints == []
    seen.close()
