"""Paired differences of two frames."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file
from statsmodels.stats.contingency_tables import mcnemar

from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.run_differences import check_same_data, differences
from tlbench.leaderboard.tables.comparison import compare
from tlbench.records.item_correctness import stored_correct

EXACT = {"abs": 1e-12, "rel": 1e-12}
T_2_975 = 4.302652729749464
SEEDS = [0, 1, 2]
STEP = 600


def frames(results, a, b):
    """The frames of two variants with these scores by pair."""
    lower = {pair: [0.1] * len(next(iter(a.values()))) for pair in a}
    results.transductive({"dann": a, "plain": b}, range(len(next(iter(lower.values())))), lower)
    frame = results.result_set().frame
    return frame[frame.variant == "dann"], frame[frame.variant == "plain"]


def one(tables):
    (table,) = tables
    return table


def store(results, frame, correct):
    """Store beside each record of a frame which test items are right; None stores predictions alone."""
    for key, right in zip(frame.run_key, correct, strict=True):
        arrays = {f"{STEP}/test": np.zeros(100, np.uint8)}
        if right is not None:
            arrays[f"{STEP}/correct"] = np.asarray(right, np.uint8)
        save_file(arrays, results.folder / f"{key}.safetensors")


def test_difference_interval_and_p(results, at):
    a, b = frames(results, {"syn:uci": [0.4, 0.6, 0.8]}, {"syn:uci": [0.3, 0.4, 0.5]})
    table = one(compare(a, b, "accuracy", names=("dann", "plain")))
    cell = at(table, "syn:uci", "difference")
    assert (cell.value, cell.half_width) == pytest.approx((0.2, T_2_975 * 0.1 / 3**0.5), **EXACT)
    assert cell.text == "+20.0 ± 24.8"
    assert at(table, "syn:uci", "p").value == pytest.approx(1 - 12**0.5 / 14**0.5, **EXACT)
    assert at(table, "syn:uci", "verdict").text == "unknown"
    assert at(table, "syn:uci", "a").value == pytest.approx(0.6)
    assert table.columns[1].title == "A: dann"
    assert table.title.startswith("A: dann, B: plain · transductive · small-cnn · held-out · selection: last")
    assert [row[0].text for row in table.rows] == ["syn:uci"]


def test_verdicts_say_who_is_better_and_are_corrected(results, at):
    better = [0.6, 0.701, 0.799]
    worse = [0.5, 0.6, 0.7]
    a, b = frames(results, {"syn:uci": better, "uci:syn": worse}, {"syn:uci": worse, "uci:syn": better})
    table = one(compare(a, b, "accuracy", names=("dann", "plain")))
    assert at(table, "syn:uci", "verdict").text == "A better"
    assert at(table, "uci:syn", "verdict").text == "B better"
    assert at(table, "syn:uci", "holm").value == pytest.approx(2 * at(table, "syn:uci", "p").value)
    assert at(table, "overall", "difference").value == pytest.approx(0, abs=1e-12)
    assert at(table, "overall", "verdict").text == "unknown"


def test_a_difference_within_the_region_does_not_matter(results, at):
    a, b = frames(results, {"syn:uci": [0.600, 0.7001, 0.7999]}, {"syn:uci": [0.599, 0.699, 0.799]})
    table = one(compare(a, b, "accuracy"))
    assert at(table, "syn:uci", "verdict").text == "no matter"
    assert "no matter: the 90 % interval lies within ± 1.0 points" in table.notes[0]
    assert at(one(compare(a, b, "accuracy", rope=0.0005)), "syn:uci", "verdict").text == "A better"


def test_seeds_and_test_items_are_both_a_sample(results, at):
    """The same means: with few items the difference is less sure than over seeds alone."""
    rng = np.random.default_rng(0)
    a, b = frames(results, {"syn:uci": [0.62, 0.60, 0.61]}, {"syn:uci": [0.5, 0.49, 0.49]})
    for frame, scores in ((a, (62, 60, 61)), (b, (50, 49, 49))):
        store(results, frame, [rng.permutation(np.arange(100) < score) for score in scores])
    stored = stored_correct(results.folder)
    alone = at(one(compare(a, b, "accuracy")), "syn:uci", "difference")
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    assert at(table, "syn:uci", "difference").value == pytest.approx(alone.value)
    assert at(table, "syn:uci", "difference").half_width > alone.half_width
    assert "Intervals of differences cover seeds and test items" in table.notes[0]


def test_items_of_splits_that_seeds_draw_are_no_sample_over_seeds(results):
    a, b = frames(results, {"syn:uci": [0.62, 0.60, 0.61]}, {"syn:uci": [0.5, 0.49, 0.49]})
    for frame in (a, b):
        store(results, frame, [np.arange(100) < 50] * 3)
        frame.loc[:, "revision"] = ["r0", "r1", "r2"]
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    assert "cover seeds alone, and not the choice of test items" in table.notes[0]


def test_a_missing_run_leaves_no_overall_difference(results, at):
    a, b = frames(
        results,
        {"syn:uci": [0.6, 0.7, None], "uci:syn": [0.6, 0.7, 0.8]},
        {"syn:uci": [0.5] * 3, "uci:syn": [0.5] * 3},
    )
    table = one(compare(a, b, "accuracy"))
    assert at(table, "syn:uci", "seeds").text == "2 of 3"
    assert at(table, "syn:uci", "seeds").footnotes == (1,)
    assert table.footnotes == ["A: not run"]
    assert at(table, "syn:uci", "verdict").text == "unknown"
    assert at(table, "syn:uci", "difference").text == "+15.0"
    assert at(table, "overall", "difference").text == "—"
    assert at(table, "uci:syn", "difference").value == pytest.approx(0.2)


def test_where_no_run_is_there_on_both_sides_nothing_is_undecided(results, at):
    a, b = frames(
        results,
        {"syn:uci": [None] * 3, "uci:syn": [0.6, 0.7, 0.8]},
        {"syn:uci": [0.5] * 3, "uci:syn": [0.5] * 3},
    )
    table = one(compare(a, b, "accuracy"))
    assert [at(table, "syn:uci", name).text for name in ("difference", "p", "verdict")] == ["—", "—", "—"]
    assert at(table, "syn:uci", "seeds").text == "0 of 3"


def test_two_sides_that_no_seed_changes_are_not_tested_over_seeds(results, at):
    a, b = frames(
        results, {"syn:uci": [0.7] * 3, "uci:syn": [0.7] * 3}, {"syn:uci": [0.6] * 3, "uci:syn": [0.6, 0.5, 0.4]}
    )
    table = one(compare(a, b, "accuracy"))
    assert [at(table, "syn:uci", name).text for name in ("a", "difference", "p")] == ["70.0", "+10.0", "—"]
    assert at(table, "syn:uci", "verdict").text == "unknown"
    assert at(table, "uci:syn", "difference").text == "+20.0 ± 24.8"
    assert "corrected over 1 row" in table.notes[0]
    same = "same result for every seed, so no interval over seeds, and no test, as neither side varies: syn:uci"
    assert same in table.notes


def test_few_seeds(results, at):
    a, b = frames(results, {"syn:uci": [0.6, 0.7]}, {"syn:uci": [0.5, 0.5]})
    table = one(compare(a, b, "accuracy"))
    assert at(table, "syn:uci", "difference").text == "+15.0"
    assert at(table, "syn:uci", "p").text == "—"
    assert table.notes[0] == "fewer than 3 seeds: no intervals, no verdicts"


def test_two_boards_compare_namesakes_and_name_the_rest(make_results, at):
    first, second = make_results("first"), make_results("second")
    pairs = {"syn:uci": [0.5] * 3, "uci:syn": [0.5] * 3}
    first.transductive({name: dict.fromkeys(pairs, [0.6] * 3) for name in ("dann", "only")}, SEEDS, pairs)
    second.transductive({"dann": dict.fromkeys(pairs, [0.5] * 3)}, SEEDS, pairs)
    table = one(compare(first.result_set().frame, second.result_set().frame, "accuracy"))
    names = [f"{name} · {pair}" for name in ("source-only", "oracle", "dann") for pair in (*pairs, "overall")]
    assert [row[0].text for row in table.rows] == names
    assert [column.title for column in table.columns[:3]] == ["variant · pair", "A", "B"]
    assert at(table, "dann · syn:uci", "difference").value == pytest.approx(0.1)
    assert at(table, "dann · overall", "difference").value == pytest.approx(0.1)
    assert at(table, "oracle · overall", "difference").value == 0
    assert table.notes[-1] == (
        "not compared, because only A has it: only on 2 pairs (transductive · small-cnn · held-out)"
    )


def test_a_seed_that_one_side_is_not_asked_for_is_left_out(make_results, at):
    first, second = make_results("first"), make_results("second")
    pairs = ("syn:uci", "uci:syn")
    first.transductive({"dann": dict.fromkeys(pairs, [0.6] * 4)}, [0, 1, 2, 3], dict.fromkeys(pairs, [0.5] * 4))
    second.transductive({"dann": dict.fromkeys(pairs, [0.5] * 3)}, SEEDS, dict.fromkeys(pairs, [0.5] * 3))
    table = one(compare(first.result_set().frame, second.result_set().frame, "accuracy"))
    assert at(table, "dann · syn:uci", "seeds").text == "3 of 4"
    assert at(table, "dann · overall", "difference").value == pytest.approx(0.1)
    assert table.footnotes == ["B: not asked for by the suite"]


def test_settings_are_never_mixed_and_verdicts_are_corrected_within_one(results, at):
    results.transductive({"dann": {"syn:uci": [0.6, 0.7, 0.8]}}, SEEDS, {"syn:uci": [0.5] * 3})
    results.inductive("dann", "syn:uci", SEEDS, [0.9, 0.8, 0.7], [0.5] * 3, [0.4] * 3)
    frame = results.result_set().frame
    dann, other = frame.query("variant == 'dann'"), frame.query("variant == 'source-only' or variant == 'target-only'")
    tables = compare(dann, other.assign(variant="other"), "accuracy")
    assert [table.title.split(" · ")[1] for table in tables] == ["transductive", "inductive, 5 shots"]
    assert [[row[0].text for row in table.rows] for table in tables] == [["syn:uci"], ["syn:uci"]]
    assert all("corrected over 1 row" in table.notes[0] for table in tables)


def test_a_setting_in_which_one_is_skipped_is_a_note_with_its_reason(results):
    skipped = ("skipped", "it needs target labels")
    results.transductive(
        {"dann": {"syn:uci": [0.6] * 3}, "fine-tune": {"syn:uci": [skipped] * 3}}, SEEDS, {"syn:uci": [0.5] * 3}
    )
    for name in ("dann", "fine-tune"):
        results.inductive(name, "syn:uci", SEEDS, [0.9] * 3, [0.5] * 3, [0.4] * 3)
    frame = results.result_set().frame
    table = one(compare(frame.query("variant == 'dann'"), frame.query("variant == 'fine-tune'"), "accuracy"))
    assert "inductive, 5 shots" in table.title
    assert table.notes[-1] == ("not compared: transductive · small-cnn · held-out: B: skipped: it needs target labels")


def test_references_without_the_protocol_are_at_their_last_step(results, at):
    both = [{"last": 0.5, "source-val": 0.6}] * 3
    results.transductive({"dann": {"syn:uci": both}}, SEEDS, {"syn:uci": both}, oracle=0.9)
    frame = results.result_set().frame
    sides = [frame[frame.variant == name] for name in ("source-only", "oracle")]
    table = one(compare(*sides, "accuracy", "source-val"))
    assert at(table, "syn:uci", "difference").value == pytest.approx(-0.3)
    assert "B: references without a source are not scored by source-val, shown at the last step" in table.notes
    dann = frame[frame.variant == "dann"]
    with pytest.raises(TlbenchError, match="A: not scored by snd"):
        compare(dann, sides[0], "accuracy", "snd")


def test_target_test_is_marked(results):
    both = [{"target-test": 0.7}] * 3
    results.transductive({"dann": {"syn:uci": both}}, SEEDS, {"syn:uci": both})
    dann = results.result_set().frame.query("variant == 'dann'")
    table = one(compare(dann, dann, "accuracy", "target-test"))
    assert "⚠ selection: target-test" in table.title
    assert table.notes[-1].startswith("⚠ chosen by the target test score")


def test_smaller_is_better(make_results, at):
    results = make_results("nll", metrics=["nll"])
    a, b = frames(results, {"syn:uci": [1.0, 1.1, 1.2]}, {"syn:uci": [2.0, 2.101, 2.199]})
    table = one(compare(a, b, "nll", names=("dann", "plain")))
    assert at(table, "syn:uci", "difference").text.startswith("−1.000")
    assert at(table, "syn:uci", "verdict").text == "A better"


def test_nothing_in_common(results):
    a, b = frames(results, {"syn:uci": [0.6] * 3}, {"syn:uci": [0.5] * 3})
    with pytest.raises(TlbenchError, match="no run with accuracy under 'snd' in common: A: not scored by snd; B: not"):
        compare(a, b, "accuracy", selection="snd")
    with pytest.raises(TlbenchError, match="hold no 'f1'"):
        compare(a, b, "f1")
    with pytest.raises(TlbenchError, match=r"A has syn:uci \(transductive · small-cnn · held-out\); B has nothing"):
        compare(a, b[:0], "accuracy")
    with pytest.raises(TlbenchError, match="other seeds"):
        compare(a[a.seed == 0], b[b.seed == 1], "accuracy")


# --- McNemar's test on stored predictions


def test_mcnemar_is_made_in_each_seed_and_never_pooled(results, at):
    a, b = frames(results, {"syn:uci": [0.6] * 3, "uci:syn": [0.6] * 3}, {"syn:uci": [0.5] * 3, "uci:syn": [0.5] * 3})
    rng = np.random.default_rng(0)
    shares = {"a": [0.9, 0.6, 0.6, 0.5, 0.5, 0.5], "b": [0.4, 0.6, 0.4, 0.9, 0.5, 0.6]}
    right = {side: [rng.random(100) < share for share in found] for side, found in shares.items()}
    store(results, a, right["a"])
    store(results, b, right["b"])
    expected = {}
    for pair, ours, theirs in zip(a.pair, right["a"], right["b"], strict=True):
        tallied = expected.setdefault(pair, [0, 0])
        only_a, only_b = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        table = [[int((ours & theirs).sum()), only_a], [only_b, int((~ours & ~theirs).sum())]]
        if mcnemar(table, exact=only_a + only_b < 25).pvalue <= 0.05:
            tallied[int(only_b > only_a)] += 1
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    for pair, (for_a, for_b) in expected.items():
        assert at(table, pair, "mcnemar").text == f"A {for_a}, B {for_b} of 3"
    assert expected["syn:uci"][0] and expected["uci:syn"][1]
    assert at(table, "overall", "mcnemar").text == ""
    assert sum("McNemar" in note for note in table.notes) == 1


def test_mcnemar_is_of_the_checkpoint_that_the_protocol_chooses(results, at):
    a, b = frames(results, {"syn:uci": [0.6]}, {"syn:uci": [0.5]})
    for frame, right in ((a, np.ones(50)), (b, np.zeros(50))):
        arrays = {"300/correct": np.ones(50, np.uint8), f"{STEP}/correct": right.astype(np.uint8)}
        save_file(arrays, results.folder / f"{frame.run_key.iloc[0]}.safetensors")
    stored = stored_correct(results.folder)
    assert at(one(compare(a, b, "accuracy", correct=(stored, stored))), "syn:uci", "mcnemar").text == "A 1, B 0 of 1"
    early = one(compare(a.assign(checkpoint=300), b.assign(checkpoint=300), "accuracy", correct=(stored, stored)))
    assert at(early, "syn:uci", "mcnemar").text == "A 0, B 0 of 1"


def repeated(results, a, b, seeds=3):
    """Frames of two variants that no seed changes: by pair, which items each has right."""
    means = [{pair: [float(np.mean(right))] * seeds for pair, right in side.items()} for side in (a, b)]
    both = frames(results, *means)
    for frame, side in zip(both, (a, b), strict=True):
        store(results, frame, [side[pair] for pair in frame.pair])
    return both


def items(only_a, only_b, both=40, neither=20):
    """Which items A and B have right, with these numbers of each kind."""
    a = [1] * only_a + [0] * only_b + [1] * both + [0] * neither
    b = [0] * only_a + [1] * only_b + [1] * both + [0] * neither
    return a, b


@pytest.mark.parametrize("seeds", [2, 3])
def test_where_seeds_repeat_one_result_the_test_items_decide_and_rows_are_corrected(results, at, seeds):
    clear, slight, equal = items(30, 5), items(12, 3), items(4, 4)
    sides = [
        dict(zip(("syn:uci", "uci:syn", "a:b"), side, strict=True)) for side in zip(clear, slight, equal, strict=True)
    ]
    a, b = repeated(results, *sides, seeds=seeds)
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    p = {"syn:uci": (30, 5, False), "uci:syn": (12, 3, True), "a:b": (4, 4, True)}
    p = {pair: mcnemar([[40, only_a], [only_b, 20]], exact=exact).pvalue for pair, (only_a, only_b, exact) in p.items()}
    assert {pair: at(table, pair, "p").value for pair in p} == pytest.approx(p, **EXACT)
    assert at(table, "syn:uci", "holm").value == pytest.approx(3 * p["syn:uci"], **EXACT)
    assert at(table, "uci:syn", "holm").value == pytest.approx(2 * p["uci:syn"], **EXACT)
    assert p["uci:syn"] < 0.05 < 2 * p["uci:syn"]
    assert [at(table, pair, "verdict").text for pair in p] == ["A better", "unknown", "unknown"]
    assert table.notes[0].startswith(
        "Verdicts: McNemar's test on the test items for every row; Holm-corrected over 3 rows, family-wise 5 %."
    )
    assert at(table, "overall", "verdict").text == ("unknown" if seeds < 3 else "A better")
    assert not any("0 rows" in note or "no test" in note or "no verdicts" in note for note in table.notes)


def test_tests_over_seeds_and_over_items_are_corrected_together(results, at):
    a, b = frames(
        results,
        {"syn:uci": [0.7] * 3, "uci:syn": [0.6, 0.701, 0.799]},
        {"syn:uci": [0.45] * 3, "uci:syn": [0.5, 0.6, 0.7]},
    )
    right = [np.asarray(side) for side in items(30, 5)]
    store(results, a, [right[0] if pair == "syn:uci" else None for pair in a.pair])
    store(results, b, [right[1] if pair == "syn:uci" else None for pair in b.pair])
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    assert at(table, "syn:uci", "verdict").text == at(table, "uci:syn", "verdict").text == "A better"
    found = sorted((at(table, pair, "p").value, at(table, pair, "holm").value) for pair in ("syn:uci", "uci:syn"))
    assert found[0][1] == pytest.approx(2 * found[0][0], **EXACT)
    assert table.notes[0].startswith(
        "Verdicts: Student's t; McNemar's test on the test items for syn:uci; Holm-corrected over 2 rows"
    )


def test_equal_scores_of_other_items_are_no_repetition_and_another_metric_is_not_decided_by_items(results, at):
    right = [np.roll(np.arange(100) < 60, shift) for shift in range(3)]
    a, b = frames(results, {"syn:uci": [0.6] * 3}, {"syn:uci": [0.4] * 3})
    store(results, a, right)
    store(results, b, [np.arange(100) < 40] * 3)
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    assert "Student's t" in table.notes[0]
    assert "McNemar's test on the test items" not in table.notes[0]
    store(results, a, [right[0]] * 3)
    assert at(one(compare(a, b, "accuracy", correct=(stored, stored))), "syn:uci", "verdict").text == "A better"
    other = one(compare(a, b, "macro_f1", correct=(stored, stored)))
    assert at(other, "syn:uci", "verdict").text == "unknown"
    assert any("--metric accuracy is decided by test items" in note for note in other.notes)


def test_runs_that_do_not_store_what_is_right_have_a_dash_and_a_note(results, at):
    pairs = {"syn:uci": [0.6] * 3, "uci:syn": [0.6] * 3}
    a, b = frames(results, pairs, pairs)
    right = np.arange(100) % 2
    store(results, a, [None, None, None, right, right, right])
    store(results, b, [right] * 6)
    (results.folder / f"{b.run_key.iloc[3]}.safetensors").write_bytes(b"damaged")
    (results.folder / f"{b.run_key.iloc[4]}.safetensors").unlink()
    stored = stored_correct(results.folder)
    table = one(compare(a, b, "accuracy", correct=(stored, stored)))
    assert at(table, "syn:uci", "mcnemar").text == "—"
    assert at(table, "uci:syn", "mcnemar").text == "A 0, B 0 of 1"
    assert "not made for 5 couples of runs" in table.notes[-1]
    assert "mcnemar" not in [column.name for column in one(compare(a, b, "accuracy")).columns]


# --- in what two result sets were made differently


def test_what_was_made_differently_is_said(make_results):
    first, second = make_results("first"), make_results("second")
    for results in (first, second):
        results.transductive({"dann": {"syn:uci": [0.6]}}, [0], {"syn:uci": [0.5]})
    result_sets = first.result_set(), second.result_set()
    check_same_data(*result_sets, ("A", "B"))
    assert differences(*result_sets) == []
    for key, record in result_sets[1].records.items():
        changed = {"budget": record.spec.budget.model_copy(update={"steps": 30}), "params": {"rate": 0.1}}
        result_sets[1].records[key] = record.model_copy(update={"spec": record.spec.model_copy(update=changed)})
    assert differences(*result_sets) == [
        "made differently: budget.steps is 600 in A, 30 in B",
        *(f"made differently: {name}.rate is its default in A, 0.1 in B" for name in ("source-only", "oracle", "dann")),
    ]


def test_other_data_cannot_be_compared(make_results):
    first, second = make_results("first"), make_results("second")
    for results in (first, second):
        results.transductive({"dann": {"syn:uci": [0.6]}}, [0], {"syn:uci": [0.5]})
    result_sets = first.result_set(), second.result_set()
    for key, record in result_sets[1].records.items():
        changed = record.spec.model_copy(update={"revisions": {"uci": "other"}})
        result_sets[1].records[key] = record.model_copy(update={"spec": changed})
    with pytest.raises(TlbenchError, match="different data as uci of 'digits'"):
        check_same_data(*result_sets, ("first", "second"))
    result_sets[1].plan.dataset = "amazon-reviews"
    with pytest.raises(TlbenchError, match="second of 'amazon-reviews'"):
        check_same_data(*result_sets, ("first", "second"))
