"""What tables of a user's own data say beside the numbers, and of strategies that make nothing of the source."""

from __future__ import annotations

import json

import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.leaderboard import leaderboard

SEEDS = [0, 1, 2]
LOW, HIGH = [0.3, 0.4, 0.5], [0.5, 0.6, 0.71]
PAIRS = ("north:south", "west:south")


def plan_of(results, **more):
    """The result set with more in its plan."""
    results.result_set()
    path = results.folder / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))
    return load_result_set(results.folder)


def reference(results, name, pairs, scores, setting="transductive", **options):
    for pair in pairs:
        for seed, score in enumerate(scores):
            key = results.record(name, "", pair.partition(":")[2], seed, score, setting="inductive", shots="all")
            results.cell(name, pair, seed, key, setting=setting, role="reference", **options)


@pytest.fixture
def own(results):
    """Two sources of one target, with the majority class as a reference."""
    results.transductive({"dann": dict.fromkeys(PAIRS, HIGH)}, SEEDS, dict.fromkeys(PAIRS, LOW))
    reference(results, "majority", PAIRS, [0.7, 0.7, 0.7])
    return results


@pytest.mark.parametrize("by", ["strategy", "pair", "source"])
def test_own_data_say_on_how_many_items_a_number_rests(own, by):
    for table in leaderboard(plan_of(own, own_data=True, test_examples={"south": 25, "north": 61}), by=by):
        assert "on the target test split (25 items of south), mean" in table.caption


def test_published_data_do_not(own):
    (table,) = leaderboard(plan_of(own, test_examples={"south": 25}))
    assert "items" not in table.caption


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"a": 1, "b": 61}, "(1 item of a, 61 of b)"),
        ({f"t{n}": 20 + n for n in range(8)}, "(20 to 27 items of 8 targets, the fewest of t0)"),
    ],
)
def test_of_several_targets_each_is_named_and_of_many_the_smallest(results, sizes, said):
    pairs = [f"src:{target}" for target in sizes]
    results.transductive({}, SEEDS, dict.fromkeys(pairs, LOW))
    (table,) = leaderboard(plan_of(results, own_data=True, test_examples=sizes))
    assert said in table.caption


def test_majority_is_the_first_row_with_its_meaning_and_neither_gap_nor_speed(own, at):
    (table,) = leaderboard(own.result_set())
    assert [row[0].text for row in table.rows] == ["majority", "source-only", "dann", "oracle"]
    assert at(table, "majority", "accuracy").text == "70.0"
    assert [at(table, "majority", name).text for name in ("gap", "verdicts", "update")] == ["", "", ""]
    assert "majority: always the class that is most frequent among all training labels of the target" in table.notes


def test_pooling_stands_with_the_references_and_has_no_gap(results, at):
    results.inductive("fine-tune", "north:south", SEEDS, HIGH, LOW, LOW)
    for seed, score in zip(SEEDS, HIGH, strict=True):
        key = results.record("pooling", "north", "south", seed, score, setting="inductive", shots=5)
        results.cell("pooling", "north:south", seed, key, setting="inductive", role="reference", shots=5)
    (table,) = leaderboard(results.result_set())
    assert [row[0].text for row in table.rows] == ["target-only", "pooling", "fine-tune"]
    assert at(table, "pooling", "gap").text == ""
    assert any(
        line.startswith("pooling: one classifier on the source's labels and the target's") for line in table.notes
    )


# --- a strategy that makes nothing of the source


def ignoring(results, variant="probe", pair="north:south", shots=5):
    """A strategy whose result is the same with and without the source, as the plan says."""
    results.inductive(variant, pair, SEEDS, HIGH, HIGH, LOW, shots=shots)
    for cell in results.cells:
        if cell["variant"] == variant:
            cell["uses_source"] = False
            cell["references"].pop("without-source", None)


def test_it_says_so_in_place_of_a_verdict(results, at):
    ignoring(results)
    results.inductive("fine-tune", "north:south", SEEDS, HIGH, LOW, LOW)
    (table,) = leaderboard(results.result_set())
    assert (at(table, "probe", "gap").text, at(table, "probe", "verdicts").text) == ("", "no source")
    assert at(table, "probe", "gain").text != ""
    assert "no source: with this backbone the result is the same whatever the source: probe" in table.notes
    assert at(table, "fine-tune", "verdicts").text != "no source"
    assert any(line.startswith("of 1 cell: 1 help") for line in table.notes)


def test_of_some_pairs_alone_these_are_named(results, at):
    ignoring(results)
    results.inductive("probe", "west:south", SEEDS, HIGH, LOW, LOW)
    (table,) = leaderboard(results.result_set(), by="pair")
    assert any(line.endswith("whatever the source: probe on north:south") for line in table.notes)


def test_by_source_and_by_label_budget_say_it_too(results):
    for pair in PAIRS:
        for shots in (5, 20):
            ignoring(results, pair=pair, shots=shots)
    board = results.result_set()
    said = "no source: with this backbone the result is the same whatever the source: probe"
    assert any(said in line for line in leaderboard(board, by="source")[-1].notes)
    (curve,) = leaderboard(board, by="shots")
    assert said in curve.notes
    assert not any(line.startswith("probe: ") for line in curve.notes)


# --- a twin without adaptation


@pytest.fixture
def twin(results):
    """`coral` names `svm` as itself without adapting; the plan has both beside source-only."""
    pair = "north:south"
    results.transductive({"svm": {pair: HIGH}, "coral": {pair: [s + 0.1 for s in HIGH]}}, SEEDS, {pair: LOW})
    keys = {cell["seed"]: cell["run_key"] for cell in results.cells if cell["variant"] == "svm"}
    for cell in results.cells:
        if cell["variant"] == "coral":
            cell["references"] = {**cell["references"], "without-adaptation": keys[cell["seed"]]}
    return results


def test_the_gap_is_to_the_twin_and_the_table_says_so(twin, at):
    (table,) = leaderboard(twin.result_set())
    assert at(table, "coral", "gap").text == "−10.0 ± 0.0"
    assert at(table, "svm", "gap").text.startswith("−20.3")
    assert any("its gap is to that: that of coral is to svm." in line for line in table.notes)


def test_a_missing_twin_is_named(twin, at):
    board = twin.result_set()
    for cell in board.cells:
        if cell.variant == "svm":
            del board.records[cell.run_key]
    (table,) = leaderboard(board)
    assert at(table, "coral", "gap").text == "—"
    assert "coral without adaptation: not run (all 3 runs)" in table.footnotes
