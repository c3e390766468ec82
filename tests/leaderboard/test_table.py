"""Tables on hand-computed numbers."""

from __future__ import annotations

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import render
from tlbench.leaderboard.tables.cells import Scale, compact, signed_text
from tlbench.records.record import Seen, Throughput

EXACT = {"abs": 1e-12, "rel": 1e-12}
T_2_975 = 4.302652729749464
SEEDS = [0, 1, 2]
#: Gains over source-only of 10, 20 and 30 points: p = 1 − √12/√14 = 0.074 by two degrees of freedom.
SOURCE_ONLY = [0.3, 0.4, 0.5]
NOISY = [0.4, 0.6, 0.8]


def steady(difference, spread=0.001, base=SOURCE_ONLY):
    """Scores that differ from source-only by about `difference`: by t, p is about 2 (spread / difference)² / 3."""
    return [score + difference + noise for score, noise in zip(base, (-spread, 0, spread), strict=True)]


def one(tables):
    (table,) = tables
    return table


def notes(table):
    return "\n".join([*table.notes, *table.footnotes])


def test_mean_interval_and_gap(results, at):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY}, oracle=0.9)
    table = one(leaderboard(results.result_set()))
    cell = at(table, "dann", "accuracy")
    assert cell.text == "60.0 ± 49.7"
    assert (cell.value, cell.half_width) == pytest.approx((0.6, T_2_975 * 0.2 / 3**0.5), **EXACT)
    gap = at(table, "dann", "gap")
    assert gap.text == "−20.0 ± 24.8"
    assert (gap.value, gap.half_width) == pytest.approx((-0.2, T_2_975 * 0.1 / 3**0.5), **EXACT)
    assert at(table, "dann", "verdicts").text == "0/0/0/1"
    assert at(table, "dann", "verdict").text == "unknown"
    assert "no cell is shown to hurt" in table.notes
    # (0.6 − 0.4) / (0.9 − 0.4)
    assert at(table, "dann", "closed").value == pytest.approx(0.4, **EXACT)
    assert at(table, "source-only", "gap").text == ""


def test_mean_over_pairs_is_taken_before_the_interval(results, at):
    """Seeds move both pairs the opposite way, so their mean does not move at all."""
    scores = {"dann": {"syn:uci": [0.4, 0.5, 0.6], "uci_m:uci": [0.8, 0.7, 0.6]}}
    results.transductive(scores, SEEDS, {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY})
    cell = at(one(leaderboard(results.result_set())), "dann", "accuracy")
    assert (cell.value, cell.half_width) == pytest.approx((0.6, 0), abs=1e-12)


def test_every_verdict_is_counted_and_what_hurts_is_named(results, at):
    scores = {
        "dann": {
            "syn:uci": steady(-0.1),
            "uci_m:uci": steady(0.1),
            "uci:syn": steady(0.001),
            "uci_m:syn": steady(-0.011),
        }
    }
    results.transductive(scores, SEEDS, dict.fromkeys(scores["dann"], SOURCE_ONLY))
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "verdicts").text == "1/2/1/0"
    # All cells vary by 0.001, with 4 · 2 degrees of freedom together: 2.3060 · 0.001 / √3 = 0.00133
    assert table.notes[0] == "hurts: dann on syn:uci (+10.0 points ± 0.1), uci_m:syn (+1.1 points ± 0.1)"
    assert table.notes[1] == (
        "of 4 cells: 1 help, 2 hurt, 1 no matter; worst pair: dann on syn:uci (+10.0 points ± 0.1)"
    )
    by_pair = one(leaderboard(results.result_set(), by="pair"))
    assert at(by_pair, "dann", "syn:uci").marks == ("↓",)
    assert at(by_pair, "dann", "uci_m:uci").marks == ()
    assert "↓ transfer is shown to hurt" in by_pair.notes
    assert by_pair.notes[:2] == table.notes[:2]


def test_a_suite_says_which_region_does_not_matter(results, at):
    results.transductive({"dann": {"syn:uci": steady(-0.03)}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    result_set = results.result_set()
    assert at(one(leaderboard(result_set)), "dann", "verdicts").text == "0/1/0/0"
    result_set.plan.rope = 0.05
    table = one(leaderboard(result_set))
    assert at(table, "dann", "verdicts").text == "0/0/1/0"
    assert any("the 90 % interval lies within ± 5.0 points" in line for line in table.notes)


def test_what_sees_no_target_input_has_a_difference_and_no_verdict(results, at):
    blind = [Seen(phase="adaptation", updates=600, labelled=38400, unlabelled=0)]
    scores = {"probe": {"syn:uci": steady(-0.1)}}
    results.transductive(scores, SEEDS, {"syn:uci": SOURCE_ONLY}, seen=blind)
    table = one(leaderboard(results.result_set()))
    assert at(table, "probe", "gap").text == "(+10.0 ± 0.2)"
    assert {"verdict", "verdicts", "closed"}.isdisjoint(column.name for column in table.columns)
    assert any(line.startswith("( ) probe: reads no target input") for line in table.notes)
    assert not any("hurt" in line for line in table.notes)
    results.transductive({"dann": {"syn:uci": steady(-0.1)}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    beside = one(leaderboard(results.result_set()))
    assert [at(beside, "probe", name).text for name in ("verdict", "verdicts", "closed")] == ["", "", ""]
    assert at(beside, "dann", "verdicts").text == "0/1/0/0"


def test_a_failed_training_is_counted_beside_harm_and_never_within(results, at):
    pairs = {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY}
    results.transductive({"dann": {"syn:uci": steady(-0.1), "uci_m:uci": steady(-0.1)}}, SEEDS, pairs)
    result_set = results.result_set()
    for cell in result_set.cells:
        record = result_set.records[cell.run_key]
        if cell.variant != "oracle":
            broken = (cell.variant, cell.pair, cell.seed) == ("dann", "syn:uci", 1)
            record.metrics["last"]["source_accuracy"] = 0.4 if broken else 0.9
    result_set.plan.classes = {"uci": 10}  # half of the way from 0.1 to 0.9 is 0.5
    table = one(leaderboard(result_set))
    assert at(table, "dann", "verdicts").text == "0/1/0/0 +1✗"
    assert at(table, "dann", "verdict").text == "training failed"
    assert at(table, "dann", "gap").text.startswith("(+10.0 ± ")
    assert at(table, "dann", "closed").text == "—"
    assert table.notes[0] == "hurts: dann on uci_m:uci (+10.0 points ± 0.2)"
    assert table.notes[1].startswith("training failed: dann on syn:uci (1 of 3 seeds). ")
    assert table.notes[2].startswith("of 2 cells: 1 hurt, 1 training failed; worst pair: dann on uci_m:uci")
    assert any(line.startswith("( ) dann: the mean is over failed trainings too") for line in table.notes)


def test_a_mean_that_does_not_matter_is_said_to_hide_what_it_hides(results, at):
    pairs = {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY}
    results.transductive({"dann": {"syn:uci": steady(-0.1), "uci_m:uci": steady(0.1)}}, SEEDS, pairs)
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "verdict").text == "no matter"
    assert at(table, "dann", "verdicts").text == "1/1/0/0"
    (line,) = [line for line in table.notes if line.startswith("Verdict on a strategy")]
    assert line.endswith("A mean that does not matter hides pairs that are helped or hurt: dann.")


def test_from_three_pairs_on_a_new_one_has_a_probability_of_harm(results, at):
    pairs = dict.fromkeys(("syn:uci", "uci_m:uci", "uci:syn"), SOURCE_ONLY)
    scores = {"hurts": dict.fromkeys(pairs, steady(-0.1)), "helps": dict.fromkeys(pairs, steady(0.1))}
    results.transductive(scores, SEEDS, pairs)
    table = one(leaderboard(results.result_set()))
    hurts, helps = (at(table, name, "harm") for name in ("hurts", "helps"))
    assert (hurts.value, helps.value) == pytest.approx((1, 0), abs=0.01)
    assert hurts.low < 0.7  # three pairs show little
    assert helps.high > 0.3


def test_a_cell_that_is_missing_is_none_that_is_undecided(results, at):
    scores = {"dann": {"syn:uci": steady(-0.03), "uci_m:uci": steady(0.1)}}
    results.transductive(scores, SEEDS, dict.fromkeys(scores["dann"], SOURCE_ONLY))
    result_set = results.result_set()
    for cell in result_set.cells:
        if cell.variant == "dann" and cell.pair == "uci_m:uci":
            result_set.records.pop(cell.run_key)
    table = one(leaderboard(result_set))
    assert at(table, "dann", "verdicts").text == "0/1/0/0"
    assert table.notes[1].startswith("of 2 cells: 1 hurt, 1 missing; worst pair")


def test_a_strategy_without_any_run_has_no_verdicts(results, at):
    results.transductive({"dann": {"syn:uci": steady(-0.03)}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    result_set = results.result_set()
    for cell in result_set.cells:
        if cell.variant == "dann":
            result_set.records.pop(cell.run_key)
    table = one(leaderboard(result_set))
    assert at(table, "dann", "verdicts").text == "—"
    assert table.notes[1] == "of 1 cell: 1 missing"


def test_verdicts_are_corrected_over_the_cells_of_the_suite_as_planned(results, at):
    """P = 0.03 by 2 degrees of freedom is decided alone, and not beside a cell that shows nothing, filtered or not."""
    lone = steady(-0.1, spread=0.0304)
    still = steady(-0.001, spread=0.2)
    results.transductive({"dann": {"syn:uci": lone}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    assert at(one(leaderboard(results.result_set())), "dann", "verdicts").text == "0/1/0/0"
    results.transductive({"dann": {"uci_m:uci": still}}, SEEDS, {"uci_m:uci": SOURCE_ONLY})
    result_set = results.result_set()
    assert at(one(leaderboard(result_set)), "dann", "verdicts").text == "0/0/0/2"
    filtered = one(leaderboard(result_set, filters={"pair": ["syn:uci"]}))
    assert at(filtered, "dann", "verdicts").text == "0/0/0/1"
    assert any("5 % over 2 cells" in line for line in filtered.notes)


def test_a_filter_of_seeds_leaves_the_gap_of_these_seeds(results, at):
    scores = [*steady(-0.1), 0.9]
    results.transductive({"dann": {"syn:uci": scores}}, [0, 1, 2, 3], {"syn:uci": [*SOURCE_ONLY, 0.3]})
    table = one(leaderboard(results.result_set(), filters={"seed": ["0", "1", "2"]}))
    assert at(table, "dann", "gap").value == pytest.approx(0.1, **EXACT)


def test_ntg_is_to_the_same_algorithm_and_gain_to_target_only(results, at):
    results.inductive("dann", "syn:uci", SEEDS, [0.5, 0.6, 0.7], [0.6, 0.701, 0.799], [0.4, 0.45, 0.5])
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "gap").value == pytest.approx(0.1, **EXACT)
    # Both 0.6 − 0.45, with the sign of a gain.
    assert at(table, "dann", "gain").value == pytest.approx(0.15, **EXACT)
    assert at(table, "dann", "base").text.startswith("70.0")
    assert at(table, "dann", "verdicts").text == "0/1/0/0"
    assert "closed" not in [column.name for column in table.columns]
    assert table.title.startswith("digits · inductive, 5 shots · small-cnn · held-out")


def test_missing_run_without_source_is_footnoted(results, at):
    results.inductive("dann", "syn:uci", SEEDS, [0.5, 0.6, 0.7], [0.6, 0.7, 0.8], [0.4, 0.4, 0.4])
    result_set = results.result_set()
    for cell in result_set.cells:
        result_set.records.pop(cell.references.get("without-source"), None)
    table = one(leaderboard(result_set))
    cell = at(table, "dann", "gap")
    assert (cell.text, table.footnotes) == ("—", ["dann without the source: not run (all 3 runs)"])
    assert cell.footnotes == (1,)


def test_settings_and_label_budgets_never_mix(results):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    for shots in (5, 20):
        results.inductive("dann", "syn:uci", SEEDS, NOISY, SOURCE_ONLY, SOURCE_ONLY, shots=shots)
    titles = [table.title.split(" · ")[1] for table in leaderboard(results.result_set())]
    assert titles == ["transductive", "inductive, 5 shots", "inductive, 20 shots"]


def test_a_hole_is_not_averaged_away(results, at):
    scores = {"dann": {"syn:uci": [0.6, 0.6, ("timeout", "ran past 5s")], "uci_m:uci": [0.8, 0.8, 0.8]}}
    results.transductive(scores, SEEDS, {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY})
    result_set = results.result_set()
    table = one(leaderboard(result_set))
    cell = at(table, "dann", "accuracy")
    assert (cell.text, cell.value, cell.footnotes) == ("—", None, (1,))
    assert at(table, "dann", "gap").text == "—"
    assert table.footnotes == ["dann: timeout: ran past 5s (1 of 6 runs: syn:uci; seed 2)"]
    by_pair = one(leaderboard(result_set, by="pair"))
    assert at(by_pair, "dann", "syn:uci").text == "—"
    assert at(by_pair, "dann", "uci_m:uci").text == "80.0"


def test_a_result_that_no_seed_changes_has_no_interval_and_a_note_says_why(results, at):
    scores = {
        "nearest": {"syn:uci": [0.7, 0.7, 0.7], "uci_m:uci": [0.5, 0.5, 0.5]},
        "dann": {"syn:uci": [0.7, 0.7, 0.7], "uci_m:uci": [0.5, 0.5, 0.6]},
    }
    results.transductive(scores, SEEDS, dict.fromkeys(scores["dann"], SOURCE_ONLY))
    result_set = results.result_set()
    note = "same result for every seed, so no interval over seeds: "
    table = one(leaderboard(result_set))
    assert at(table, "nearest", "accuracy").text == "60.0"
    assert at(table, "dann", "accuracy").text.startswith("61.7 ± ")
    assert at(table, "nearest", "gap").text == "−20.0 ± 24.8"  # source-only does vary
    assert f"{note}nearest; oracle" in table.notes
    by_pair = one(leaderboard(result_set, by="pair"))
    assert at(by_pair, "dann", "syn:uci").text == "70.0"
    assert f"{note}nearest; dann on syn:uci; oracle" in by_pair.notes
    assert f"{note}nearest; oracle" in leaderboard(result_set, selection="all")[0].notes


def test_two_results_that_no_seed_changes_are_not_called_different(results, at):
    results.transductive({"nearest": {"syn:uci": [0.7] * 3}}, SEEDS, {"syn:uci": [0.3] * 3})
    table = one(leaderboard(results.result_set()))
    assert at(table, "nearest", "gap").text == "−40.0"
    assert at(table, "nearest", "verdicts").text == "0/0/0/1"
    assert any("5 % over 0 cells" in line for line in table.notes)


def test_dropping_is_counted(results, at):
    scores = {"dann": {"syn:uci": [0.6, 0.6, None], "uci_m:uci": [0.7, 0.8, 0.9]}}
    results.transductive(scores, SEEDS, {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY})
    table = one(leaderboard(results.result_set(), missing="drop"))
    assert at(table, "dann", "accuracy").value == pytest.approx(0.8, **EXACT)
    assert at(table, "dann", "gap").value == pytest.approx(-0.4, **EXACT)
    assert "Dropped from means, of 6 runs each: dann 3;" in table.caption
    assert table.footnotes == ["dann: not run (1 of 6 runs: syn:uci; seed 2)"]


def test_a_seed_that_is_missing_everywhere_is_dropped_as_a_seed(results, at):
    pairs = {"syn:uci": [0.5] * 4, "uci_m:uci": [0.5] * 4}
    scores = [0.6, 0.7, 0.8, None]
    results.transductive({"dann": dict.fromkeys(pairs, scores)}, [0, 1, 2, 3], pairs)
    cell = at(one(leaderboard(results.result_set(), missing="drop")), "dann", "accuracy")
    assert cell.value == pytest.approx(0.7, **EXACT)


def test_a_variant_that_is_skipped_everywhere_has_no_row_and_a_note(results):
    reason = ("skipped", "fine-tune is not applicable: it needs target labels")
    pairs = {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY}
    scores = {"fine-tune": dict.fromkeys(pairs, [reason] * 3), "dann": dict.fromkeys(pairs, NOISY)}
    results.transductive(scores, SEEDS, pairs)
    for by in ("strategy", "pair"):
        table = one(leaderboard(results.result_set(), by=by))
        assert [row[0].text for row in table.rows] == ["source-only", "dann", "oracle"]
        assert "not applicable, so without a row: fine-tune (it needs target labels)" in table.notes
        assert not table.footnotes
        assert "not ranked" not in notes(table)


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_fewer_than_three_seeds_have_no_intervals_and_no_verdicts(results, at, seeds):
    n = len(seeds)
    results.transductive({"dann": {"syn:uci": [0.2] * n}}, seeds, {"syn:uci": [0.6] * n})
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "accuracy").text == "20.0"
    assert at(table, "dann", "gap").text == "+40.0"
    assert {"verdict", "verdicts", "harm"}.isdisjoint(column.name for column in table.columns)
    assert at(table, "dann", "closed").text == "—"
    assert "fewer than 3 seeds: no intervals, no verdicts" in table.notes
    assert "±" not in render([table])


def test_ranks_are_of_strategies_and_the_baseline(results, at):
    pairs = {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY, "uci:syn": SOURCE_ONLY}
    scores = {"dann": dict.fromkeys(pairs, steady(0.1)), "worse": dict.fromkeys(pairs, steady(-0.1))}
    scores["dann"]["uci:syn"] = steady(-0.2)
    scores["holey"] = {**scores["dann"], "syn:uci": [None] * 3}
    results.transductive(scores, SEEDS, pairs)
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "rank").value == pytest.approx(5 / 3)
    assert at(table, "source-only", "rank").value == pytest.approx(5 / 3)
    assert at(table, "worse", "rank").value == pytest.approx(8 / 3)
    assert at(table, "oracle", "rank").text == ""
    assert at(table, "holey", "rank").text == "—"
    assert "not ranked for want of runs: holey" in notes(table)


def test_no_share_where_there_is_no_gap(results, at):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY}, oracle=0.41)
    table = one(leaderboard(results.result_set()))
    cell = at(table, "dann", "closed")
    assert cell.text == "—"
    (number,) = cell.footnotes
    assert table.footnotes[number - 1] == (
        "dann: no share, because oracle is not shown to be above source-only (dann 60.0, source-only 40.0, oracle 41.0)"
    )


def test_flags_and_steps_are_marked(results, at):
    speed = Throughput(train_examples_per_second=9e5, by_steps=False)
    flags = ["at or below chance: accuracy 0.098 with 10 classes"]
    scores = {"frozen": {"syn:uci": [0.09] * 3}}
    results.transductive(scores, SEEDS, {"syn:uci": SOURCE_ONLY}, throughput=speed, flags=flags)
    table = one(leaderboard(results.result_set()))
    assert at(table, "frozen", "update").text == "†"
    # 38,400 examples in 600 updates, at 8412.4 examples a second.
    assert at(table, "source-only", "update").text == "7.6"
    assert at(table, "source-only", "result").text == "5.7"
    assert at(table, "frozen", "infer").text == "—"
    assert "⚑ at or below chance: frozen on syn:uci" in table.notes


def test_selection_changes_the_numbers_and_references_without_it_stay_at_the_last_step(results, at):
    ours = [{"last": 0.6, "source-val": 0.7}] * 3
    lower = [{"last": 0.5, "source-val": 0.4}] * 3
    results.transductive({"dann": {"syn:uci": ours}}, SEEDS, {"syn:uci": lower}, oracle=0.9)
    table = one(leaderboard(results.result_set(), selection="source-val"))
    assert at(table, "dann", "accuracy").value == pytest.approx(0.7)
    assert at(table, "dann", "gap").value == pytest.approx(-0.3)
    assert at(table, "oracle", "accuracy").value == pytest.approx(0.9)
    assert "oracle: not scored by source-val, shown at the last step" in table.notes


def test_target_test_is_marked_and_unranked(results):
    ours = [{"last": 0.6, "target-test": 0.7}] * 3
    results.transductive({"dann": {"syn:uci": ours}}, SEEDS, {"syn:uci": ours})
    table = one(leaderboard(results.result_set(), selection="target-test"))
    assert "⚠" in table.title
    assert "rank" not in [column.name for column in table.columns]
    assert "⚠ chosen by the target test score: shown for comparison, never ranked" in table.notes


def test_the_title_counts_labels_that_a_protocol_reads_beside_the_budget(results):
    ours = [{"last": 0.6, "target-val": 0.7}] * 3
    results.inductive("dann", "syn:uci", SEEDS, ours, ours, ours)
    table = one(leaderboard(results.result_set(), selection="target-val"))
    assert table.title.endswith("selection: target-val, by up to 5 further target labels per class")


def test_all_protocols_side_by_side(results, at):
    ours = [{"last": 0.5 + s / 100, "source-val": 0.6, "target-test": 0.7 + s / 100} for s in SEEDS]
    results.transductive(
        {"dann": {"syn:uci": ours}}, SEEDS, {"syn:uci": ours}, oracle={"last": 0.9, "target-test": 0.9}
    )
    levels, differences = leaderboard(results.result_set(), selection="all")
    assert [column.name for column in levels.columns] == ["strategy", "last", "source-val", "target-test"]
    assert at(levels, "dann", "target-test").value == pytest.approx(0.71)
    assert at(levels, "oracle", "source-val").text == "—"
    assert [column.name for column in differences.columns] == ["strategy", "last", "source-val"]
    assert at(differences, "dann", "last").value == pytest.approx(-0.2)
    assert at(differences, "dann", "source-val").value == pytest.approx(-0.11)
    assert differences.title.endswith("each protocol minus target-test ⚠")


def test_smaller_is_better_for_a_likelihood(make_results, at):
    results = make_results("nll", metrics=["accuracy", "nll"])
    results.transductive({"dann": {"syn:uci": [1.5, 1.6, 1.701]}}, SEEDS, {"syn:uci": [1.0, 1.1, 1.2]})
    table = one(leaderboard(results.result_set(), metric="nll"))
    assert at(table, "dann", "nll").text.startswith("1.600 ±")
    assert at(table, "dann", "gap").value == pytest.approx(0.5003, abs=1e-3)
    assert at(table, "dann", "verdicts").text == "0/1/0/0"
    assert at(table, "dann", "rank").value == 2


def test_a_reference_among_the_strategies_is_one_row(results):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    for cell in [cell for cell in results.cells if cell["variant"] == "source-only"]:
        results.cells.append({**cell, "role": "strategy"})
    table = one(leaderboard(results.result_set()))
    assert [row[0].text for row in table.rows] == ["source-only", "dann", "oracle"]


def test_a_pair_that_a_variant_is_not_asked_for_is_a_hole(results, at):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    results.transductive({}, SEEDS, {"uci_m:uci": SOURCE_ONLY})
    table = one(leaderboard(results.result_set()))
    assert at(table, "dann", "accuracy").text == "—"
    assert table.footnotes == ["dann: not asked for by the suite (3 of 6 runs: uci_m:uci; all seeds)"]


def test_columns_and_filters(results):
    pairs = {"syn:uci": SOURCE_ONLY, "uci_m:uci": SOURCE_ONLY}
    results.transductive({"dann": dict.fromkeys(pairs, NOISY), "other": dict.fromkeys(pairs, NOISY)}, SEEDS, pairs)
    result_set = results.result_set()
    table = one(leaderboard(result_set, columns=["gap", "accuracy"], filters={"strategy": ["da*"], "pair": ["syn:*"]}))
    assert [column.name for column in table.columns] == ["strategy", "gap", "accuracy"]
    assert [row[0].text for row in table.rows] == ["source-only", "dann", "oracle"]
    assert "rank" not in notes(table)
    assert "pair" not in table.caption
    assert "over 3 seeds." in table.caption
    by_pair = one(leaderboard(result_set, by="pair", columns=["uci_m:uci"]))
    assert [column.name for column in by_pair.columns] == ["strategy", "uci_m:uci"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"selection": "source-vla"}, "did you mean 'source-val'"),
        ({"selection": "snd"}, "no run of 'digits' is scored by 'snd'; recorded: last, all"),
        ({"columns": ["rnak"]}, "did you mean 'rank'"),
        ({"by": "seed"}, "unknown --by"),
        ({"filters": {"strategy": ["dan"]}}, "did you mean 'dann'"),
        ({"filters": {"colour": ["red"]}}, "unknown filter"),
        ({"filters": {"strategy": ["dann"], "pair": ["nothing"]}}, "--pair 'nothing'"),
    ],
)
def test_unknown_names_are_answered(results, options, message):
    results.transductive({"dann": {"syn:uci": NOISY}}, SEEDS, {"syn:uci": SOURCE_ONLY})
    with pytest.raises(TlbenchError, match=message):
        leaderboard(results.result_set(), **options)


def test_nothing_run_yet_is_a_table_of_dashes(results, at):
    results.transductive({"dann": {"syn:uci": [None]}}, [0], {"syn:uci": [0.5]})
    result_set = results.result_set()
    result_set.records.clear()
    for options in ({}, {"by": "pair"}, {"selection": "all"}, {"missing": "drop"}):
        (table,) = leaderboard(result_set, **options)
        assert at(table, "dann", table.columns[1].name).text == "—"
        assert "dann: not run (its only run)" in table.footnotes


def test_texts():
    scale = Scale()
    assert (scale.text(0.8125), scale.text(-0.0001), scale.text(-0.0312, signed=True)) == ("81.2", "0.0", "−3.1")
    assert (signed_text(0.04, 1), signed_text(-0.04, 1), signed_text(2, 1)) == ("0.0", "0.0", "+2.0")
    assert [compact(v) for v in (3.2, 8412.4, 20111, 412_000, 3.1e6)] == ["3", "8,412", "20.1k", "412k", "3.1M"]


def test_unsupervised_is_ranked_by_clusters_at_the_last_step_and_its_gap_is_to_the_target_alone(make_results, at):
    results = make_results("clusters", metrics=["accuracy", "macro_f1", "clustering_accuracy", "nmi", "ari"])
    for seed in SEEDS:
        alone = results.record("k-means", "", "uci", seed, 0.6, setting="unsupervised")
        key = results.record("k-means", "syn", "uci", seed, 0.5 + 0.001 * seed, setting="unsupervised")
        references = {"without-source": alone}
        results.cell("k-means", "syn:uci", seed, key, setting="unsupervised", references=references)
        results.cell("k-means (target alone)", "syn:uci", seed, alone, setting="unsupervised", role="reference")
    table = one(leaderboard(results.result_set()))
    assert [column.name for column in table.columns][:4] == ["strategy", "clustering_accuracy", "nmi", "ari"]
    assert "selection: last" in table.title
    assert at(table, "k-means (target alone)", "clustering_accuracy").text == "60.0"
    assert at(table, "k-means", "gap").text.startswith("+9.")
    assert at(table, "k-means", "base").text == "60.0"
    assert at(table, "k-means", "verdicts").text == "0/1/0/0"
    assert any("target inputs alone" in note for note in table.notes)


def test_the_best_single_source_is_chosen_pair_by_pair_and_named(make_results, at):
    results = make_results("several")
    singles = {"a": {"t": 0.8, "u": 0.3}, "b": {"t": 0.6, "u": 0.5}}
    for seed in SEEDS:
        for target in ("t", "u"):
            place = {"setting": "transductive", "role": "reference"}
            for source, scores in singles.items():
                key = results.record("source-only", source, target, seed, scores[target], setting="transductive")
                results.cell(f"source-only from {source}", f"a+b:{target}", seed, key, **place)
            union = results.record("source-only", "a+b", target, seed, 0.55, setting="transductive")
            results.cell("source-only", f"a+b:{target}", seed, union, **place)
    (table,) = leaderboard(results.result_set(), by="pair")
    assert [row[0].text for row in table.rows] == ["source-only", "best single source"]
    assert at(table, "best single source", "a+b:t").text.startswith("80.0")
    assert at(table, "best single source", "a+b:u").text.startswith("50.0")
    assert any("a on a+b:t, b on a+b:u" in note for note in table.notes)
