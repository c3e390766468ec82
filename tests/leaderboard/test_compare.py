"""Paired differences of two frames."""

from __future__ import annotations

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.compare import compare

EXACT = {"abs": 1e-12, "rel": 1e-12}
T_2_975 = 4.302652729749464
SEEDS = [0, 1, 2]


def frames(results, a, b):
    """The frames of two variants with these scores by pair."""
    lower = {pair: [0.1] * len(next(iter(a.values()))) for pair in a}
    results.transductive({"dann": a, "plain": b}, range(len(next(iter(lower.values())))), lower)
    frame = results.board().frame
    return frame[frame.variant == "dann"], frame[frame.variant == "plain"]


def test_difference_interval_and_p(results, at):
    a, b = frames(results, {"syn:uci": [0.4, 0.6, 0.8]}, {"syn:uci": [0.3, 0.4, 0.5]})
    table = compare(a, b, "accuracy", names=("dann", "plain"))
    cell = at(table, "syn:uci", "difference")
    assert (cell.value, cell.half_width) == pytest.approx((0.2, T_2_975 * 0.1 / 3**0.5), **EXACT)
    assert cell.text == "+20.0 ± 24.8"
    assert at(table, "syn:uci", "p").value == pytest.approx(1 - 12**0.5 / 14**0.5, **EXACT)
    assert at(table, "syn:uci", "verdict").text == "undecided"
    assert at(table, "syn:uci", "a").value == pytest.approx(0.6)
    assert table.columns[1].head == "dann"


def test_verdicts_say_who_is_better_and_are_corrected(results, at):
    better = [0.6, 0.701, 0.799]
    worse = [0.5, 0.6, 0.7]
    a, b = frames(results, {"syn:uci": better, "uci:syn": worse}, {"syn:uci": worse, "uci:syn": better})
    table = compare(a, b, "accuracy", names=("dann", "plain"))
    assert at(table, "syn:uci", "verdict").text == "dann better"
    assert at(table, "uci:syn", "verdict").text == "plain better"
    assert at(table, "syn:uci", "holm").value == pytest.approx(2 * at(table, "syn:uci", "p").value)
    assert at(table, "overall", "difference").value == pytest.approx(0, abs=1e-12)
    assert at(table, "overall", "verdict").text == "undecided"


def test_a_missing_run_leaves_no_overall_difference(results, at):
    a, b = frames(
        results,
        {"syn:uci": [0.6, 0.7, None], "uci:syn": [0.6, 0.7, 0.8]},
        {"syn:uci": [0.5] * 3, "uci:syn": [0.5] * 3},
    )
    table = compare(a, b, "accuracy")
    assert at(table, "syn:uci", "seeds").text == "2 of 3"
    assert at(table, "syn:uci", "verdict").text == "undecided"
    assert at(table, "syn:uci", "difference").text == "+15.0"
    assert at(table, "overall", "difference").text == "—"
    assert at(table, "uci:syn", "difference").value == pytest.approx(0.2)


def test_few_seeds(results, at):
    a, b = frames(results, {"syn:uci": [0.6, 0.7]}, {"syn:uci": [0.5, 0.5]})
    table = compare(a, b, "accuracy")
    assert at(table, "syn:uci", "difference").text == "+15.0"
    assert at(table, "syn:uci", "p").text == "—"
    assert table.notes[0] == "fewer than 3 seeds: no intervals, no verdicts"


def test_two_boards_compare_namesakes_and_count_the_rest(make_results, at):
    first, second = make_results("first"), make_results("second")
    first.transductive({"dann": {"syn:uci": [0.6] * 3}, "only": {"syn:uci": [0.6] * 3}}, SEEDS, {"syn:uci": [0.5] * 3})
    second.transductive({"dann": {"syn:uci": [0.5, 0.5, 0.5]}}, SEEDS, {"syn:uci": [0.5] * 3})
    table = compare(first.board().frame, second.board().frame, "accuracy")
    assert [row[0].text for row in table.rows] == ["syn:uci source-only", "syn:uci oracle", "syn:uci dann", "overall"]
    assert at(table, "syn:uci dann", "difference").value == pytest.approx(0.1)
    assert at(table, "syn:uci oracle", "difference").value == 0
    assert "only one of the two has it: 1 pair" in table.notes[-1]


def test_settings_are_never_mixed(results, at):
    results.transductive({"dann": {"syn:uci": [0.6] * 3}}, SEEDS, {"syn:uci": [0.5] * 3})
    results.inductive("dann", "syn:uci", SEEDS, [0.9] * 3, [0.5] * 3, [0.4] * 3)
    dann = results.board().frame.query("variant == 'dann'")
    labels = [row[0].text for row in compare(dann, dann, "accuracy").rows]
    assert labels == [
        "transductive · held-out · small-cnn · syn:uci",
        "transductive · held-out · small-cnn · overall",
        "inductive, 5 shots · held-out · small-cnn · syn:uci",
        "inductive, 5 shots · held-out · small-cnn · overall",
    ]


def test_smaller_is_better(make_results, at):
    results = make_results("nll", metrics=["nll"])
    a, b = frames(results, {"syn:uci": [1.0, 1.1, 1.2]}, {"syn:uci": [2.0, 2.101, 2.199]})
    table = compare(a, b, "nll", names=("dann", "plain"))
    assert at(table, "syn:uci", "difference").text.startswith("−1.000")
    assert at(table, "syn:uci", "verdict").text == "dann better"


def test_nothing_in_common(results):
    a, b = frames(results, {"syn:uci": [0.6] * 3}, {"syn:uci": [0.5] * 3})
    with pytest.raises(TlbenchError, match="no pair with accuracy under 'snd' in common"):
        compare(a, b, "accuracy", selection="snd")
    with pytest.raises(TlbenchError, match="hold no 'f1'"):
        compare(a, b, "f1")
