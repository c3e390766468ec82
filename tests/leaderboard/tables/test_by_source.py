"""Sources by targets on hand-computed numbers."""

from __future__ import annotations

import csv
import io

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import formats, render

EXACT = {"abs": 1e-12, "rel": 1e-12}
SEEDS = [0, 1, 2]
SOURCE_ONLY = [0.3, 0.4, 0.5]
PAIRS = ("a:b", "a:c", "b:a", "b:c", "c:a", "c:b")


def off(difference, spread=0.001):
    """Scores that lie `difference` above source-only."""
    return [score + difference + noise for score, noise in zip(SOURCE_ONLY, (-spread, 0, spread), strict=True)]


@pytest.fixture
def square(results):
    """`square({variant: {pair: difference}})` stores runs in transductive and their references."""

    def square(variants, pairs=PAIRS):
        scores = {v: {pair: off(by_pair[pair]) for pair in pairs} for v, by_pair in variants.items()}
        results.transductive(scores, SEEDS, dict.fromkeys(pairs, SOURCE_ONLY))
        return results

    return square


def all_pairs(difference, pairs=PAIRS, **others):
    return {**dict.fromkeys(pairs, difference), **{pair.replace("_", ":"): value for pair, value in others.items()}}


def gaps_of(tables):
    """The tables of gaps, which follow those of scores."""
    return [table for table in tables if " of " not in table.title.split(" · ")[-1]]


def one(tables):
    (table,) = gaps_of(tables)
    return table


# --- what cannot be shown


def test_a_board_of_one_source_says_what_it_has_and_what_to_do(square):
    result_set = square({"dann": {"a:b": 0.1, "a:c": 0.1}}, ("a:b", "a:c")).result_set()
    with pytest.raises(TlbenchError) as caught:
        leaderboard(result_set, by="source")
    assert str(caught.value) == (
        "--by source sets several sources side by side, and 'digits' has no strategy with a gap from several sources: "
        "it has transductive · small-cnn · held-out: a. Give a part of the suite pairs from several sources, as in "
        'pairs = "all", and run it, or type `tlbench leaderboard digits --by strategy`'
    )


def test_where_no_strategy_is_applicable_scores_alone_stand_with_the_reason(results):
    skipped = {pair: [("skipped", "needs labels")] * 3 for pair in PAIRS}
    results.transductive({"fine-tune": skipped}, SEEDS, dict.fromkeys(PAIRS, SOURCE_ONLY))
    (table,) = leaderboard(results.result_set(), by="source")
    assert table.title.endswith("accuracy of source-only by source")
    assert table.notes[-1] == (
        "no gaps: transductive · small-cnn · held-out: fine-tune: skipped: needs labels (all 18 runs)"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"selection": "all"}, "--by source takes one --selection, not all; recorded: last"),
        ({"columns": ["d"]}, r"unknown column 'd'.* Known: a, b, c, mean:target"),
    ],
)
def test_wrong_options_are_answered(square, options, message):
    result_set = square({"dann": all_pairs(0.1)}).result_set()
    with pytest.raises(TlbenchError, match=message):
        leaderboard(result_set, by="source", **options)


def test_a_missing_run_is_a_footnote_and_takes_the_means_of_its_row_and_column(square, at):
    result_set = square({"dann": all_pairs(0.1)}).result_set()
    lost = next(cell for cell in result_set.cells if (cell.variant, cell.pair) == ("dann", "a:b"))
    del result_set.records[lost.run_key]
    table = one(leaderboard(result_set, by="source"))
    assert (at(table, "a", "b").text, at(table, "a", "b").footnotes) == ("—", (1,))
    assert table.footnotes == ["dann: not run (1 of 18 runs: a:b; seed 0)"]
    assert [at(table, row, "mean:target").text for row in ("a", "b", "mean over sources")] == ["—", "−10.0 ± 0.2", "—"]
    assert [at(table, "mean over sources", target).text for target in "abc"] == ["−10.0 ± 0.2", "—", "−10.0 ± 0.2"]
    assert "for b: helps from c (−10.0 points ± 0.1); no number from a" in table.notes
    dropped = one(leaderboard(result_set, by="source", missing="drop"))
    assert at(dropped, "a", "b").text.startswith("−10.")
    assert "Dropped from means, of 18 runs each: dann" in dropped.caption


def test_a_missing_run_of_source_only_is_named(square, at):
    result_set = square({"dann": all_pairs(0.1)}).result_set()
    for cell in result_set.cells:
        if (cell.variant, cell.pair) == ("source-only", "a:b"):
            del result_set.records[cell.run_key]
    table = one(leaderboard(result_set, by="source"))
    assert at(table, "a", "b").footnotes == (1,)
    assert table.footnotes == ["source-only: not run (3 of 18 runs: a:b; all seeds)"]


def test_a_missing_run_without_the_source_is_named_on_its_pair_alone(results, at):
    for pair in ("a:c", "b:c"):
        results.inductive("dann", pair, SEEDS, off(0.1), SOURCE_ONLY, SOURCE_ONLY)
    result_set = results.result_set()
    for cell in result_set.cells:
        if cell.variant == "dann" and cell.pair == "a:c":
            result_set.cells[result_set.cells.index(cell)] = cell.model_copy(
                update={"references": {"without-source": "gone"}}
            )
    table = one(leaderboard(result_set, by="source"))
    assert (at(table, "a", "c").footnotes, at(table, "b", "c").footnotes) == ((1,), ())
    assert table.footnotes == ["dann without the source: not run (3 of 6 runs: a:c; all seeds)"]


def test_a_pair_that_the_suite_lacks_is_a_hole_and_a_domain_to_itself_is_none(square, at):
    pairs = PAIRS[:-1]
    table = one(leaderboard(square({"dann": all_pairs(0.1, pairs)}, pairs).result_set(), by="source"))
    assert [at(table, domain, domain).text for domain in "abc"] == ["", "", ""]
    assert (at(table, "c", "b").text, at(table, "c", "b").footnotes) == ("—", (1,))
    assert table.footnotes == ["dann: not asked for by the suite (3 of 18 runs: c:b; all seeds)"]
    assert [at(table, "mean over sources", target).text for target in "abc"] == ["−10.0 ± 0.2", "—", "−10.0 ± 0.2"]


def test_nothing_run_yet_is_a_table_of_dashes(square, at):
    result_set = square({"dann": all_pairs(0.1)}).result_set()
    result_set.records.clear()
    table = one(leaderboard(result_set, by="source"))
    assert (at(table, "a", "b").text, at(table, "mean over sources", "mean:target").text) == ("—", "—")
    assert table.footnotes[0] == "dann: not run (all 18 runs)"


# --- the matrix


def test_gaps_stand_by_source_and_target_with_their_means(square, at):
    table = one(leaderboard(square({"dann": all_pairs(0.1, a_b=0.2, c_b=-0.1)}).result_set(), by="source"))
    assert [column.name for column in table.columns] == ["source:target", "a", "b", "c", "mean:target"]
    assert [row[0].text for row in table.rows] == ["a", "b", "c", "mean over sources"]
    assert (at(table, "a", "b").text, at(table, "a", "b").marks) == ("−20.0 ± 0.1", ("↑",))
    assert (at(table, "c", "b").text, at(table, "c", "b").marks) == ("+10.0 ± 0.1", ("↓",))
    assert at(table, "a", "mean:target").value == pytest.approx(-0.15, **EXACT)
    assert at(table, "mean over sources", "b").value == pytest.approx(-0.05, **EXACT)
    assert at(table, "mean over sources", "mean:target").value == pytest.approx(-5 / 60, **EXACT)
    assert at(table, "a", "mean:target").marks == ()
    assert table.title == "digits · transductive · small-cnn · held-out · selection: last · dann by source"
    assert table.caption.startswith(
        "adaptation gap of dann in points of accuracy, sources as rows, targets as columns,"
    )


def test_gaps_say_from_where_a_strategy_helps_and_hurts_and_name_no_best_source(square):
    table = one(leaderboard(square({"dann": all_pairs(0.1, a_b=0.2, c_b=-0.1, c_a=0.0002)}).result_set(), by="source"))
    assert table.notes[:4] == [
        "for a: helps from b (−10.0 points ± 0.1)",
        "for b: helps from a (−20.0 points ± 0.1); hurts from c (+10.0 points ± 0.1)",
        "for c: helps from a (−10.0 points ± 0.1), b (−10.0 points ± 0.1)",
        "hurts: dann on c:b (+10.0 points ± 0.1)",
    ]
    assert not any("best" in line for line in table.notes)


def test_verdicts_are_those_of_the_other_shapes(results, at):
    """P is 0.0298 in one cell, by itself; beside it cells of both strategies show nothing."""
    pairs = ("a:c", "b:c")
    scores = {name: dict.fromkeys(pairs, off(-0.001, spread=0.2)) for name in ("dann", "other")}
    scores["dann"]["a:c"] = off(-0.1, spread=0.0304)
    results.transductive(scores, SEEDS, dict.fromkeys(pairs, SOURCE_ONLY))
    result_set = results.result_set()
    tables = gaps_of(leaderboard(result_set, by="source"))
    assert [table.title.split(" · ")[-1] for table in tables] == ["dann by source", "other by source"]
    assert all(at(table, source, "c").marks == ("?",) for table in tables for source in "ab")
    assert (
        "The corrected cells are also those of other: a verdict is the same here and --by strategy." in tables[0].notes
    )
    assert any("5 % over 4 cells" in line for line in tables[0].notes)
    alone = one(leaderboard(result_set, by="source", filters={"strategy": ["dann"], "pair": ["a:c", "b:c"]}))
    assert at(alone, "a", "c").marks == ("?",)
    assert any("5 % over 4 cells" in line for line in alone.notes)
    assert any("corrected cells are also those of other" in line for line in alone.notes)


def test_every_shape_counts_the_same_harm(square, at):
    result_set = square({"dann": all_pairs(0.1, a_b=-0.1, c_b=0.0002), "other": all_pairs(-0.1)}).result_set()
    (summary,), by_source = leaderboard(result_set), gaps_of(leaderboard(result_set, by="source"))
    for table, name in zip(by_source, ("dann", "other"), strict=True):
        marks = [cell.marks for row in table.rows for cell in row]
        counted = "/".join(str(marks.count((mark,))) for mark in "↑↓≈?")
        assert counted == at(summary, name, "verdicts").text


def test_sources_may_be_unions_and_weights(results, at):
    pairs = ("a:c", "a+b:c", "weights:c", "a:b", "weights:b")
    for pair in pairs:
        results.inductive("dann", pair, SEEDS, off(0.1), SOURCE_ONLY, SOURCE_ONLY)
    table = one(leaderboard(results.result_set(), by="source"))
    assert [row[0].text for row in table.rows] == ["a", "a+b", "weights", "mean over sources"]
    assert [column.name for column in table.columns[1:]] == ["c", "b", "mean:target"]
    # A union that holds a domain is no source for it, and so no hole in the means.
    assert at(table, "a+b", "b").text == ""
    assert at(table, "mean over sources", "mean:target").text != "—"
    assert at(table, "a+b", "mean:target").text == at(table, "a+b", "c").text


def test_one_target_has_no_mean_over_targets(results, at):
    for pair in ("a:c", "b:c"):
        results.inductive("dann", pair, SEEDS, off(0.1), SOURCE_ONLY, SOURCE_ONLY)
    table = one(leaderboard(results.result_set(), by="source"))
    assert [column.name for column in table.columns] == ["source:target", "c"]
    assert at(table, "mean over sources", "c").text == "−10.0 ± 0.2"
    assert not any("Gain" in line for line in table.notes)


def test_fewer_than_three_seeds_have_no_verdict(results, at):
    scores = {"dann": {"a:c": [0.5], "b:c": [0.2]}}
    results.transductive(scores, [0], {"a:c": [0.4], "b:c": [0.4]})
    table = one(leaderboard(results.result_set(), by="source"))
    assert (at(table, "a", "c").text, at(table, "a", "c").marks) == ("−10.0", ())
    assert table.notes[0] == "for c: from a (−10.0 points) to b (+20.0 points)"


def test_what_is_not_applicable_or_has_one_source_is_named_below(square, results):
    skipped = {pair: [("skipped", "needs labels")] * 3 for pair in PAIRS}
    square({"dann": all_pairs(0.1)})
    results.transductive({"fine-tune": skipped}, SEEDS, dict.fromkeys(PAIRS, SOURCE_ONLY))
    results.inductive("dann", "a:b", SEEDS, off(0.1), SOURCE_ONLY, SOURCE_ONLY)
    table = one(leaderboard(results.result_set(), by="source"))
    assert table.notes[-2:] == [
        "no gaps: transductive · small-cnn · held-out: fine-tune: skipped: needs labels (all 18 runs)",
        "not shown, for want of a second source: inductive, 5 shots · small-cnn · held-out",
    ]


def test_flags_are_of_the_strategy_of_the_table(square, at):
    result_set = square({"dann": all_pairs(0.1), "other": all_pairs(0.1)}).result_set()
    for cell in result_set.cells:
        if cell.pair == "a:b" and cell.variant in ("dann", "source-only"):
            flags = [f"{cell.variant} swings: 3 times"]
            result_set.records[cell.run_key] = result_set.records[cell.run_key].model_copy(update={"flags": flags})
    first, second = gaps_of(leaderboard(result_set, by="source"))
    assert at(first, "a", "b").marks == ("↑", "⚑")
    assert at(second, "a", "b").marks == ("↑",)
    assert [line for line in first.notes if "swings" in line] == ["⚑ dann swings: dann on a:b"]
    assert not any("swings" in line for line in second.notes)


def test_a_gap_that_no_seed_changes_is_explained(results, at):
    scores = {"nearest": {"a:c": [0.7] * 3, "b:c": [0.6] * 3}}
    results.transductive(scores, SEEDS, {"a:c": [0.3] * 3, "b:c": SOURCE_ONLY})
    table = one(leaderboard(results.result_set(), by="source"))
    assert at(table, "a", "c").text == "−40.0"
    assert "same result for every seed, so no interval over seeds: nearest on a:c" in table.notes


def test_targets_are_columns_of_their_own(square):
    result_set = square({"dann": all_pairs(0.1)}).result_set()
    table = one(leaderboard(result_set, by="source", columns=["mean:target", "a"]))
    assert [column.name for column in table.columns] == ["source:target", "mean:target", "a"]


def test_in_unsupervised_the_gap_is_to_the_target_alone_by_clusters(make_results, at):
    results = make_results("clusters", metrics=["accuracy", "clustering_accuracy"])
    for seed in SEEDS:
        alone = results.record("k-means", "", "c", seed, 0.6, setting="unsupervised")
        for source, score in (("a", 0.5), ("b", 0.7)):
            key = results.record("k-means", source, "c", seed, score + seed / 1000, setting="unsupervised")
            references = {"without-source": alone}
            results.cell("k-means", f"{source}:c", seed, key, setting="unsupervised", references=references)
    table = one(leaderboard(results.result_set(), by="source"))
    assert table.caption.startswith("gap to alone of k-means in points of clustering accuracy,")
    assert (at(table, "a", "c").marks, at(table, "b", "c").marks) == (("↓",), ("↑",))


@pytest.mark.parametrize("form", formats())
def test_every_format_tells_help_from_harm(square, form):
    text = render(leaderboard(square({"dann": all_pairs(0.1, a_b=-0.2)}).result_set(), by="source"), form)
    up, down = (r"$\uparrow$", r"$\downarrow$") if form == "latex" else ("↑", "↓")
    assert up in text and down in text
    if form == "csv":
        cells = {(row["row"], row["column"]): row["marks"] for row in csv.DictReader(io.StringIO(text))}
        assert (cells["a", "b"], cells["a", "c"]) == ("↓", "↑")
    else:
        assert "for b: " in text
