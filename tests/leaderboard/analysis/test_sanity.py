"""References that contradict each other, or what has been published."""

from __future__ import annotations

import json

import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.analysis.sanity import oracle_below_source_only
from tlbench.leaderboard.leaderboard import leaderboard

SEEDS = [0, 1, 2]
#: Mean 0.6; 95 % interval ± 4.3027 · 0.01 / √3 = 0.0248.
NARROW = [0.59, 0.60, 0.61]
#: Mean 0.6; 95 % interval ± 4.3027 · 0.1 / √3 = 0.248.
WIDE = [0.5, 0.6, 0.7]


def claim(**changes):
    """A published figure of source-only on syn:uci, as a plan holds it."""
    return {
        "dataset": "digits",
        "source": "syn",
        "target": "uci",
        "setting": "transductive",
        "strategy": "source-only",
        "backbone": "small-cnn",
        "protocol": "as the suite",
        "metric": "accuracy",
        "value": 0.495,
        "plus_minus": None,
        "citation": "Someone et al. 2016",
        "note": "",
        "differs": "",
        **changes,
    }


@pytest.fixture
def result_set(results):
    """The result set of what was put into `results`, with these published figures."""

    def result_set(*claims):
        results.result_set()
        path = results.folder / "plan.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "claims": claims}))
        return load_result_set(results.folder)

    return result_set


@pytest.fixture
def flagged(result_set):
    """The lines with ⚑ under the one table, and the rows and cells that bear the mark."""

    def flagged(*claims, **options):
        (by_row,) = leaderboard(result_set(*claims), **options)
        (by_cell,) = leaderboard(result_set(*claims), by="pair", **options)
        lines = [line for line in by_row.notes if line.startswith("⚑")]
        assert lines == [line for line in by_cell.notes if line.startswith("⚑")]
        rows = [row[0].text for row in by_row.rows if "⚑" in row[0].marks]
        columns = [column.name for column in by_cell.columns]
        cells = [(row[0].text, columns[i]) for row in by_cell.rows for i, c in enumerate(row) if "⚑" in c.marks]
        return lines, rows, cells

    return flagged


def one_pair(results, source_only=NARROW, oracle=0.98):
    seeds = list(range(len(source_only)))
    results.transductive({"dann": {"syn:uci": source_only}}, seeds, {"syn:uci": source_only}, oracle=oracle)


# An oracle below source-only -----------------------------------------------------------------------------------------


def test_oracle_below_source_only_is_marked_where_it_is(results, flagged):
    results.transductive({}, SEEDS, {"syn:uci": NARROW, "uci_m:uci": [0.1, 0.2, 0.3]}, oracle=0.4)
    assert flagged() == (["⚑ oracle is below source-only on syn:uci"], ["oracle"], [("oracle", "syn:uci")])


def test_oracle_above_source_only_is_not(results, flagged):
    one_pair(results)
    assert flagged() == ([], [], [])


def test_a_worse_likelihood_or_calibration_of_the_oracle_is_no_fault(make_results):
    results = make_results("nll", metrics=["nll"])
    results.transductive({}, SEEDS, {"syn:uci": [1.0, 1.1, 1.2]}, oracle=1.4)
    (table,) = leaderboard(results.result_set())
    assert not any("oracle is below" in note for note in table.notes)


def test_a_missing_oracle_is_no_low_one(results, flagged):
    one_pair(results, oracle=0.1)
    for cell in results.cells:
        if cell["variant"] == "oracle":
            (results.folder / f"{cell['run_key']}.json").unlink()
    assert flagged() == ([], [], [])


def test_of_one_run_the_references_of_its_seed_are_compared(results):
    one_pair(results, oracle=0.6)
    result_set = results.result_set()
    by_seed = {}
    for cell in result_set.cells:
        by_seed[cell.seed] = {name: result_set.records[key] for name, key in cell.references.items()}
    assert [oracle_below_source_only(by_seed[seed]) for seed in SEEDS] == [
        None,
        None,
        "oracle is below source-only: accuracy 0.6000 against 0.6100 with the same seed",
    ]
    assert oracle_below_source_only({}) is None
    by_seed[2]["oracle"].status = "failed"
    assert oracle_below_source_only(by_seed[2]) is None


# A reference far from a published figure -----------------------------------------------------------------------------


def test_reference_far_from_a_published_figure_is_marked_and_both_are_named(results, flagged):
    one_pair(results)
    assert flagged(claim()) == (
        ["⚑ source-only on syn:uci is 60.0, published 49.5 (Someone et al. 2016)"],
        ["source-only"],
        [("source-only", "syn:uci")],
    )


@pytest.mark.parametrize(
    ("scores", "published", "far"),
    [
        (NARROW, 0.551, False),
        (NARROW, 0.549, True),
        (NARROW, 0.651, True),
        (WIDE, 0.40, False),
        (WIDE, 0.35, True),
        ([0.6], 0.549, True),
        ([0.6], 0.551, False),
    ],
)
def test_far_is_more_than_5_points_and_outside_the_interval_where_there_is_one(
    results, flagged, scores, published, far
):
    one_pair(results, scores)
    assert bool(flagged(claim(value=published))[0]) is far


@pytest.mark.parametrize(
    "other",
    [
        {"differs": "ten times the steps"},
        {"dataset": "amazon-reviews"},
        {"source": "uci_m"},
        {"source": "syn+uci_m"},
        {"target": "uci_m"},
        {"setting": "inductive"},
        {"strategy": "dann"},
        {"strategy": "target-only"},
        {"backbone": "lenet"},
        {"metric": "macro_f1"},
    ],
)
def test_figures_of_something_else_or_by_another_protocol_are_left_alone(results, flagged, other):
    one_pair(results)
    assert flagged(claim(**other)) == ([], [], [])


def test_another_metric_is_compared_with_figures_of_that_metric(results, flagged):
    one_pair(results)
    assert flagged(claim(metric="macro_f1"), claim(value=0.1), metric="macro_f1")[0] == [
        "⚑ source-only on syn:uci is 60.0, published 49.5 (Someone et al. 2016)"
    ]


def test_figures_hold_for_the_selection_of_the_suite_alone(results, flagged):
    one_pair(results, [{"last": 0.5, "target-test": 0.6}] * 3)
    assert flagged(claim())[0] == []
    assert flagged(claim(), selection="target-test")[0] == []
    results.selection = "target-test"
    assert len(flagged(claim())[0]) == 1


def test_oracle_is_found_by_the_pair_of_its_cell(results, flagged):
    results.transductive({}, SEEDS, {"syn:uci": NARROW, "uci_m:uci": NARROW}, oracle=0.98)
    lines, _, cells = flagged(claim(strategy="oracle", source="uci_m", value=0.8))
    assert lines == ["⚑ oracle on uci_m:uci is 98.0, published 80.0 (Someone et al. 2016)"]
    assert cells == [("oracle", "uci_m:uci")]


def test_sources_may_be_named_in_another_order(results, flagged):
    results.transductive({}, SEEDS, {"syn+uci_m:uci": NARROW})
    assert len(flagged(claim(source="uci_m+syn"))[0]) == 1


def test_what_is_one_run_in_both_settings_is_compared_in_both(results, result_set):
    one_pair(results)
    for cell in [cell for cell in results.cells if cell["role"] == "reference"]:
        results.cells.append({**cell, "setting": "inductive", "shots": 5})
    results.inductive("fine-tune", "syn:uci", SEEDS, NARROW, NARROW, NARROW)
    claims = [claim(), claim(strategy="oracle", value=0.8), claim(strategy="target-only", value=0.2)]
    claims += [claim(strategy="target-only", value=0.3, setting="inductive")]
    both = ["⚑ source-only on syn:uci is 60.0", "⚑ oracle on syn:uci is 98.0"]
    found = [[line for line in table.notes if line.startswith("⚑")] for table in leaderboard(result_set(*claims))]
    assert [[line.partition(",")[0] for line in lines] for lines in found] == [
        both,
        [both[0], both[1], "⚑ target-only on syn:uci is 60.0"],
    ]
    assert found[1][2].endswith("published 30.0 (Someone et al. 2016)")


def test_target_only_of_several_label_budgets_is_left_alone_for_a_figure_names_none(results, result_set):
    for shots in (5, 20):
        results.inductive("fine-tune", "syn:uci", SEEDS, NARROW, NARROW, NARROW, shots=shots)
    figure = claim(strategy="target-only", value=0.3, setting="inductive")
    assert not [line for table in leaderboard(result_set(figure)) for line in table.notes if line.startswith("⚑")]


def test_a_plan_without_claims_is_read(results):
    one_pair(results)
    assert results.result_set().plan.claims == []


def test_a_row_above_the_oracle_of_its_cell_bears_a_flag_in_every_table(results):
    pairs = {"syn:uci": [0.99, 0.99, 0.99], "uci:syn": [0.7, 0.7, 0.7]}
    base = dict.fromkeys(pairs, NARROW)
    results.transductive({"dann": pairs, "coral": dict.fromkeys(pairs, NARROW)}, SEEDS, base, oracle=0.98)
    (by_strategy,), (by_pair,) = (leaderboard(results.result_set(), by=by) for by in ("strategy", "pair"))
    marked = {row[0].text for row in by_strategy.rows if "⚑" in row[0].marks}
    assert marked == {"dann"}
    flagged = [
        (row[0].text, column.name)
        for row in by_pair.rows
        for column, cell in zip(by_pair.columns, row, strict=True)
        if "⚑" in cell.marks
    ]
    assert flagged == [("dann", "syn:uci")]
    for table in (by_strategy, by_pair):
        assert "⚑ above oracle, which is trained on all target labels: dann on syn:uci (+1.0 points)" in table.notes


def test_a_row_at_the_oracle_or_without_one_bears_none(results):
    scores = {"syn:uci": [0.98, 0.98, 0.98]}
    results.transductive({"dann": scores}, SEEDS, {"syn:uci": NARROW}, oracle=0.98)
    (table,) = leaderboard(results.result_set())
    assert not any("above oracle" in note for note in table.notes)


# An oracle that is no better than the most frequent class -----------------------------------------------------------


def with_majority(results, scores, pairs=("syn:uci",)):
    for pair in pairs:
        for seed, score in enumerate(scores):
            options = {"setting": "inductive", "shots": "all"}
            key = results.record("majority", "", pair.partition(":")[2], seed, score, **options)
            results.cell("majority", pair, seed, key, setting="transductive", role="reference")


@pytest.mark.parametrize(
    ("majority", "said"),
    [
        ([0.98, 0.98, 0.98], "oracle is not above majority on uci (98.0 against 98.0)"),
        ([0.99, 0.99, 0.99], "oracle is not above majority on uci (98.0 against 99.0)"),
        ([0.97, 0.979, 0.98], "oracle is not shown to be above majority on uci (98.0 against 97.6)"),
    ],
)
def test_oracle_that_is_not_shown_to_be_above_majority_is_marked(results, flagged, majority, said):
    results.transductive({}, [0, 1, 2], {"syn:uci": NARROW[:3], "uci_m:uci": NARROW[:3]})
    with_majority(results, majority, ("syn:uci", "uci_m:uci"))
    lines, rows, cells = flagged()
    why = "all target labels, with this backbone and recipe, give no more than the most frequent class"
    assert lines == [f"⚑ {said}: {why}"]
    assert (rows, cells) == (["oracle"], [("oracle", "syn:uci"), ("oracle", "uci_m:uci")])


def test_oracle_above_majority_is_not_marked_nor_is_a_missing_one(results, flagged):
    one_pair(results)
    with_majority(results, [0.5] * len(NARROW))
    assert flagged() == ([], [], [])
    for cell in results.cells:
        if cell["variant"] == "majority" and cell["seed"] == 0:
            (results.folder / f"{cell['run_key']}.json").unlink()
    assert flagged() == ([], [], [])
