"""Learning curves on hand-computed numbers."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.leaderboard.renderers import formats, render

EXACT = {"abs": 1e-12, "rel": 1e-12}
SEEDS = [0, 1, 2]
TARGET_ONLY = [0.3, 0.4, 0.5]


def off(difference, spread=0.001):
    """Scores of a strategy that lie `difference` above those without a source."""
    return [score + difference + noise for score, noise in zip(TARGET_ONLY, (-spread, 0, spread), strict=True)]


@pytest.fixture
def curve(results):
    """`curve(pair, {shots: difference})` stores fine-tune and its references, two of which see no budget."""

    def curve(pair, differences, variant="fine-tune", seeds=SEEDS, **spread):
        source, _, target = pair.partition(":")
        for shots, difference in differences.items():
            scores = off(difference, **spread)
            results.inductive(variant, pair, seeds, scores, TARGET_ONLY, TARGET_ONLY, shots=shots)
            for seed in seeds:
                low = results.record("source-only", source, target, seed, 0.25 + seed / 100, setting="transductive")
                top = results.record("oracle", "", target, seed, 0.9 + seed / 100, setting="inductive", shots="all")
                for name, key in (("source-only", low), ("oracle", top)):
                    results.cell(name, pair, seed, key, setting="inductive", role="reference", shots=shots)
        return results

    return curve


def one(tables):
    (table,) = tables
    return table


def names(table):
    return [column.name for column in table.columns]


# --- what cannot be shown


def test_a_board_without_two_budgets_says_what_it_has_and_what_to_do(curve, results):
    results.transductive({"dann": {"syn:uci": off(0.1)}}, SEEDS, {"syn:uci": TARGET_ONLY})
    result_set = curve("syn:uci", {5: 0.1}).result_set()
    with pytest.raises(TlbenchError) as caught:
        leaderboard(result_set, by="shots")
    assert str(caught.value) == (
        "--by shots sets label budgets of one backbone side by side, and 'digits' has no two of them: it has "
        "transductive · small-cnn · held-out; inductive, 5 shots · small-cnn · held-out. Give an inductive part of the "
        'suite several, as in shots = [5, 20, "all"], and run it, or type `tlbench leaderboard digits --by strategy`'
    )


def test_budgets_of_different_backbones_are_no_curve(curve, results):
    curve("syn:uci", {5: 0.1, 20: 0.1})
    for cell in results.cells:
        cell["backbone"] = f"mlp:{cell['shots']}"
    with pytest.raises(TlbenchError, match="has no two of them"):
        leaderboard(results.result_set(), by="shots")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"selection": "all"}, "--by shots takes one --selection, not all; recorded: last"),
        ({"columns": ["gap"]}, r"unknown column 'gap'.* Known: 20, 5, any, gap:20, gap:5"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
    ],
)
def test_wrong_options_are_answered(curve, options, message):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}).result_set()
    with pytest.raises(TlbenchError, match=message):
        leaderboard(result_set, by="shots", **options)


def test_a_run_that_is_missing_at_one_budget_is_a_dash_with_its_reason_there(curve, at):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}).result_set()
    lost = next(cell for cell in result_set.cells if cell.variant == "fine-tune" and cell.shots == 20)
    del result_set.records[lost.run_key]
    table = one(leaderboard(result_set, by="shots"))
    assert (at(table, "fine-tune", "20").text, at(table, "fine-tune", "20").footnotes) == ("—", (1,))
    assert (at(table, "fine-tune", "gap:20").text, at(table, "fine-tune", "gap:20").footnotes) == ("—", (1,))
    assert table.footnotes == ["fine-tune: not run (1 of 3 runs: syn:uci; seed 0)"]
    assert at(table, "fine-tune", "5").text.startswith("50.0")
    assert "fine-tune: helps at 5 labels per class; runs are missing at 20" in table.notes
    dropped = one(leaderboard(result_set, by="shots", missing="drop"))
    assert at(dropped, "fine-tune", "20").value == pytest.approx(0.5505, **EXACT)
    assert any(line.startswith("20 shots: Dropped from means, of 3 runs each: fine-tune 1") for line in dropped.notes)


def test_a_missing_run_without_the_source_is_named(curve, at):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}).result_set()
    for cell in result_set.cells:
        if cell.shots == 20:
            result_set.records.pop(cell.references.get("without-source"), None)
    table = one(leaderboard(result_set, by="shots"))
    assert at(table, "fine-tune", "gap:20").footnotes == (1,)
    assert table.footnotes == ["fine-tune without the source: not run (all 3 runs)"]


def test_a_pair_that_a_budget_lacks_leaves_no_mean_there(curve, at):
    """A mean over other pairs at each budget would measure the pairs."""
    curve("syn:uci", {5: 0.1, 20: 0.1})
    result_set = curve("uci_m:uci", {5: 0.1}).result_set()
    table = one(leaderboard(result_set, by="shots"))
    assert at(table, "fine-tune", "5").text != "—"
    assert at(table, "fine-tune", "20").text == "—"
    assert "fine-tune: not asked for by the suite (3 of 6 runs: uci_m:uci; all seeds)" in table.footnotes
    assert at(table, "source-only", "any").text == "26.0 ± 2.5"


def test_nothing_run_yet_is_a_table_of_dashes(curve, at):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}).result_set()
    result_set.records.clear()
    table = one(leaderboard(result_set, by="shots"))
    assert [at(table, "fine-tune", name).text for name in ("5", "gap:5")] == ["—", "—"]
    assert "fine-tune: not run (all 3 runs)" in table.footnotes


def test_budgets_that_were_not_run_or_not_asked_for_are_named_as_such(curve, results):
    """`other` is asked for at 5 alone; at 20 and 100 no run of `fine-tune` is there."""
    curve("syn:uci", {5: -0.1, 20: -0.1, 100: -0.1})
    curve("syn:uci", {5: -0.1}, variant="other")
    result_set = results.result_set()
    for cell in result_set.cells:
        if cell.variant == "fine-tune" and cell.shots in (20, 100):
            result_set.records.pop(cell.run_key, None)
    table = one(leaderboard(result_set, by="shots"))
    assert table.notes[0] == "fine-tune: hurts at 5 labels per class; not run at 20 and 100"
    assert table.notes[1] == "other: hurts at 5 labels per class; not asked for at 20 and 100"


# --- the curve


def test_budgets_are_columns_in_order_and_what_sees_none_stands_once(curve, at):
    table = one(leaderboard(curve("syn:uci", {"all": 0.1, 20: 0.2, 0.5: 0.3, 5: 0.4}).result_set(), by="shots"))
    budgets = ["5", "20", "0.5", "all"]
    assert names(table) == ["strategy", "any", *budgets, *(f"gap:{budget}" for budget in budgets)]
    assert [row[0].text for row in table.rows] == ["source-only", "target-only", "fine-tune", "oracle"]
    assert [at(table, "fine-tune", budget).value for budget in budgets] == pytest.approx([0.8, 0.6, 0.7, 0.5], **EXACT)
    assert [at(table, "target-only", budget).text for budget in ("any", "5")] == ["", "40.0 ± 24.8"]
    assert [at(table, "oracle", budget).text for budget in ("any", *budgets)] == ["91.0 ± 2.5", "", "", "", ""]
    assert at(table, "source-only", "any").text == "26.0 ± 2.5"
    assert at(table, "target-only", "gap:5").text == at(table, "oracle", "gap:5").text == ""
    assert table.title == "digits · inductive, by label budget · small-cnn · held-out · selection: last"
    assert table.caption.endswith(
        "over 3 seeds. shots: labelled target examples per class; %: a share of each class of the target; "
        "all: all target labels."
    )
    assert one(leaderboard(curve("syn:uci", {5: 0}).result_set(), by="shots", columns=["gap:5", "any"])).columns[
        1
    ].title == ("NTG, 5 shots")


def test_gaps_bear_their_verdicts_and_a_sentence_says_up_to_where_the_source_helps(curve, at):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.05, 100: 0.0002, "all": -0.03}).result_set()
    table = one(leaderboard(result_set, by="shots"))
    marks = [at(table, "fine-tune", f"gap:{budget}").marks for budget in ("5", "20", "100", "all")]
    assert marks == [("↑",), ("↑",), ("≈",), ("↓",)]
    assert at(table, "fine-tune", "gap:all").text == "+3.0 ± 0.1"
    assert table.notes[0] == "fine-tune: helps at 5 and 20 labels per class; no matter at 100; hurts with all"
    legend = ["↑ transfer is shown to help", "↓ transfer is shown to hurt", "≈ no matter"]
    assert [line for line in table.notes if line in legend] == legend


def test_fewer_than_three_seeds_have_no_verdict(curve, at):
    table = one(leaderboard(curve("syn:uci", {5: 0.1, 20: -0.1}, seeds=[0]).result_set(), by="shots"))
    assert (at(table, "fine-tune", "gap:5").text, at(table, "fine-tune", "gap:5").marks) == ("−9.9", ())
    assert "fewer than 3 seeds: no intervals, no verdicts" in table.notes
    assert not any(line.startswith("fine-tune:") for line in table.notes)


def test_verdicts_are_corrected_over_all_budgets(curve, at):
    """P is 0.0298 at each budget: decided where it is alone, as it is --by strategy, and not beside another."""
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}, spread=0.0304).result_set()
    table = one(leaderboard(result_set, by="shots"))
    assert at(table, "fine-tune", "gap:5").marks == ("?",)
    assert any("Holm-corrected over the 2 gaps of this table" in line for line in table.notes)
    assert any("corrects within each budget" in line for line in table.notes)
    assert [at(other, "fine-tune", "verdicts").text for other in leaderboard(result_set)] == ["1/0/0/0", "1/0/0/0"]


def test_harm_that_the_budget_alone_decides_is_named_where_the_larger_family_leaves_it_undecided(curve, at):
    result_set = curve("syn:uci", {5: -0.1, 20: -0.1}, spread=0.0304).result_set()
    table = one(leaderboard(result_set, by="shots"))
    assert at(table, "fine-tune", "gap:5").marks == ("?",)
    harm = "corrected within this budget alone: hurts: fine-tune on syn:uci (+10.0 points ± 7.6)"
    assert [line for line in table.notes if "hurts: " in line] == [f"5 shots, {harm}", f"20 shots, {harm}"]


def test_harm_that_a_gap_bears_is_not_named_again(curve):
    table = one(leaderboard(curve("syn:uci", {5: 0.1, 20: -0.1}).result_set(), by="shots"))
    assert not any("hurts: " in line for line in table.notes)


def test_gaps_of_one_pair_are_those_of_the_other_shapes(curve, at):
    result_set = curve("syn:uci", {5: 0.1, 20: -0.2}).result_set()
    table = one(leaderboard(result_set, by="shots"))
    for budget, other in zip(("5", "20"), leaderboard(result_set), strict=True):
        gap, expected = at(table, "fine-tune", f"gap:{budget}"), at(other, "fine-tune", "gap")
        assert (gap.text, gap.value, gap.low) == (expected.text, expected.value, expected.low)


def test_a_mean_over_pairs_does_not_hide_the_pair_that_it_harms(curve, at):
    curve("syn:uci", {5: 0.1, 20: 0.3})
    table = one(leaderboard(curve("uci_m:uci", {5: 0.1, 20: -0.05}).result_set(), by="shots"))
    assert at(table, "fine-tune", "gap:20").value == pytest.approx(-0.125, **EXACT)
    assert "fine-tune: helps at 5 and 20 labels per class" in table.notes
    assert "20 shots, pair by pair: hurts: fine-tune on uci_m:uci (+5.0 points ± 0.2)" in table.notes
    assert "over 3 seeds of the mean over 2 pairs." in table.caption
    assert any("one test of the mean over pairs for each gap, Holm-corrected" in line for line in table.notes)


def test_flags_name_their_budget_and_stand_once_where_all_have_them(curve, results, at):
    result_set = curve("syn:uci", {5: 0.1, 20: 0.1}).result_set()
    flagged = {cell.run_key for cell in result_set.cells if cell.variant == "fine-tune" and cell.shots == 5}
    constant = {cell.run_key for cell in result_set.cells if cell.variant == "source-only"}
    for key in flagged | constant:
        text = "swings: 3 times" if key in flagged else "at or below chance: accuracy 0.2"
        result_set.records[key] = result_set.records[key].model_copy(update={"flags": [text]})
    table = one(leaderboard(result_set, by="shots"))
    assert at(table, "fine-tune", "5").marks == at(table, "source-only", "any").marks == ("⚑",)
    assert at(table, "fine-tune", "20").marks == ()
    assert "5 shots: ⚑ swings: fine-tune on syn:uci" in table.notes
    assert table.notes.count("⚑ at or below chance: source-only on syn:uci") == 1


def test_other_parts_are_named_and_other_backbones_have_their_own_table(curve, results):
    curve("syn:uci", {5: 0.1, 20: 0.1})
    results.cells += [{**cell, "backbone": "mlp:8"} for cell in results.cells]
    results.transductive({"dann": {"syn:uci": off(0.1)}}, SEEDS, {"syn:uci": TARGET_ONLY})
    tables = leaderboard(results.result_set(), by="shots")
    assert [table.title.split(" · ")[2] for table in tables] == ["small-cnn", "mlp:8"]
    assert tables[-1].notes[-1] == ("not shown, for want of a second label budget: transductive · small-cnn · held-out")


@pytest.mark.parametrize("form", formats())
def test_every_format_has_the_verdict_and_the_sentence(curve, form):
    text = render(leaderboard(curve("syn:uci", {5: 0.1, "all": -0.03}).result_set(), by="shots"), form)
    down = r"$\downarrow$" if form == "latex" else "↓"
    assert down in text
    # CSV holds cells alone.
    assert ("helps at 5 labels per class; hurts with all" in text) == (form != "csv")


def test_machines_find_budgets_by_name(curve):
    tables = leaderboard(curve("syn:uci", {5: 0.1, 20: -0.03}).result_set(), by="shots")
    (read,) = json.loads(render(tables, "json"))
    row = next(row for row in read["rows"] if row["strategy"]["text"] == "fine-tune")
    assert row["gap:20"]["value"] == pytest.approx(0.03)
    rows = csv.DictReader(io.StringIO(render(tables, "csv")))
    cells = {(row["row"], row["column"]): row["marks"] for row in rows}
    assert (cells["fine-tune", "gap:5"], cells["fine-tune", "gap:20"]) == ("↑", "↓")
