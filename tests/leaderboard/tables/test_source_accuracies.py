"""The scores that `--by source` opens with, on hand-computed numbers."""

from __future__ import annotations

from tlbench.leaderboard.leaderboard import leaderboard

SEEDS = [0, 1, 2]
#: From `good` a classifier is right in 79 of 100, from `bad` in 36; adapting moves the second up.
SOURCE_ONLY = {"good:t": [0.78, 0.79, 0.80], "bad:t": [0.35, 0.36, 0.37]}
DANN = {"good:t": [0.77, 0.78, 0.79], "bad:t": [0.55, 0.56, 0.57]}


def two(results, dann=DANN, source_only=SOURCE_ONLY, **more):
    results.transductive({"dann": dann, **more}, SEEDS, source_only)
    return leaderboard(results.result_set(), by="source")


def test_scores_come_first_and_name_the_source_that_gives_the_most(results, at):
    first, second, gaps = two(results)
    assert first.title.endswith("accuracy of source-only by source")
    assert [row[0].text for row in first.rows] == ["good", "bad", "oracle"]
    assert (at(first, "good", "t").text, at(first, "bad", "t").text) == ("79.0 ± 2.5", "36.0 ± 2.5")
    assert first.notes[0] == (
        "for t, source by source-only: best is good, 79.0 ± 2.5; shown to be better than all others"
    )
    assert second.notes[0].startswith("for t, source by dann: best is good, 78.0 ± 2.5")
    # The gap alone would have named the source that gives a third of it.
    assert gaps.notes[0] == "for t: no gap is shown to be one: from bad (−20.0 points) to good (+1.0 points)"


def test_of_several_strategies_each_cell_names_its_best(results, at):
    tables = two(results, other={"good:t": [0.70, 0.71, 0.72], "bad:t": [0.60, 0.61, 0.62]})
    table = tables[1]
    assert table.title.endswith("accuracy of the best strategy by source")
    assert at(table, "good", "t").text == "78.0 ± 2.5 dann"
    assert at(table, "bad", "t").text == "61.0 ± 2.5 other"
    assert table.notes[0].startswith("for t, strategy and source: best is dann from good, 78.0 ± 2.5; shown to be")
    assert "in hindsight" in table.notes[1]


def test_a_missing_run_is_a_dash_and_no_candidate(results, at):
    first = two(results, source_only={**SOURCE_ONLY, "bad:t": [0.95, None, 0.95]})[0]
    assert (at(first, "bad", "t").text, at(first, "bad", "t").footnotes) == ("—", (1,))
    assert first.footnotes == ["source-only: no accuracy in the record (1 of 6 runs: bad:t; seed 1)"]
    assert [line for line in first.notes if line.startswith("for t")] == ["for t: no number from bad"]


def test_a_domain_from_itself_and_what_is_not_asked_for_are_empty(results, at):
    pairs = {"a:b": [0.5, 0.6, 0.7], "b:a": [0.5, 0.6, 0.7], "c:a": [0.6, 0.7, 0.8]}
    results.transductive({}, SEEDS, pairs)
    (table,) = leaderboard(results.result_set(), by="source")
    assert [at(table, source, "a").text != "" for source in "abc"] == [False, True, True]
    assert at(table, "c", "b").text == ""
    assert table.footnotes == []


def test_of_several_label_budgets_the_same_baseline_stands_once(results):
    results.transductive({"dann": DANN}, SEEDS, SOURCE_ONLY)
    board = results.result_set()
    extra = [
        cell.model_copy(update={"setting": "inductive", "shots": 5})
        for cell in board.cells
        if cell.variant == "source-only"
    ]
    board.plan.cells.extend(extra)
    titles = [table.title for table in leaderboard(board, by="source")]
    assert sum("accuracy of source-only" in title for title in titles) == 1


def test_numbers_chosen_on_test_labels_name_no_best_strategy(results):
    both = {pair: [{"last": s, "target-test": s + 0.01} for s in values] for pair, values in SOURCE_ONLY.items()}
    results.transductive({"dann": both}, SEEDS, both)
    tables = leaderboard(results.result_set(), by="source", selection="target-test")
    assert not any("of dann by source" in table.title and "accuracy" in table.title for table in tables)
