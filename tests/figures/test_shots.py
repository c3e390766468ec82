"""Scores over label budgets: what the figure shows, and what it refuses."""

from __future__ import annotations

import pytest

from tlbench.errors import TlbenchError
from tlbench.figures.figure import drawn, figure_of

SEEDS = [0, 1, 2]
ALONE = [0.3, 0.4, 0.5]


def store(results, pair, shots, score, variant="fine-tune"):
    """One strategy at one budget with target-only, and oracle, which sees no budget."""
    target = pair.partition(":")[2]
    results.inductive(variant, pair, SEEDS, [score - 0.01, score, score + 0.01], ALONE, ALONE, shots=shots)
    for seed in SEEDS:
        top = results.record("oracle", "", target, seed, 0.9 + seed / 100, setting="inductive", shots="all")
        results.cell("oracle", pair, seed, top, setting="inductive", role="reference", shots=shots)


@pytest.fixture
def curve(results):
    """`a:c` and `b:c` and `a:d` at 5 labels and all; nothing at any budget between."""
    for pair, low, high in (("a:c", 0.5, 0.7), ("b:c", 0.6, 0.7), ("a:d", 0.1, 0.3)):
        store(results, pair, 5, low)
        store(results, pair, "all", high)
    return results


def shots_of(results, **filters):
    return figure_of("shots", results.result_set(), None, None, filters, "--{}")


def line(panel, variant):
    return next(one for one in panel["lines"] if one["variant"] == variant)


def test_one_budget_is_no_curve(results):
    store(results, "a:c", 5, 0.5)
    with pytest.raises(TlbenchError, match=r"no two of them here, but inductive, 5 shots .* shots = \[5, 20"):
        shots_of(results)


def test_curves_of_two_backbones_are_chosen_from(curve):
    more = [{**cell, "backbone": "other"} for cell in curve.cells]
    curve.cells += more
    with pytest.raises(TlbenchError, match=r"2 are left; choose one with --setting, --backbone"):
        shots_of(curve)
    assert shots_of(curve, backbone=["other"]).data["panels"]


def test_nothing_run_is_refused(curve):
    for path in curve.folder.glob("*.json"):
        path.unlink()
    with pytest.raises(TlbenchError, match="no row has all its runs at any label budget"):
        shots_of(curve)


def test_over_all_pairs_and_by_target_with_budgets_that_were_asked_for_alone(curve):
    data = shots_of(curve).data
    assert (data["budgets"], data["metric"], data["unit"]) == (["5 shots", "all"], "accuracy", "%")
    assert [(panel["target"], panel["title"]) for panel in data["panels"]] == [
        ("", "mean over 3 pairs"),
        ("c", "to c, mean over 2 pairs"),
        ("d", "a:d"),
    ]
    points = [[(p["budget"], p["value"]) for p in line(panel, "fine-tune")["points"]] for panel in data["panels"]]
    assert points == [
        [("5 shots", 40.0), ("all", pytest.approx(56.6667))],
        [("5 shots", 55.0), ("all", 70.0)],
        [("5 shots", 10.0), ("all", 30.0)],
    ]
    assert line(data["panels"][1], "fine-tune")["points"][0]["by"] == pytest.approx(2.4841, abs=1e-3)


def test_references_that_see_other_labels_are_one_level(curve):
    (panel, *_) = shots_of(curve).data["panels"]
    oracle, alone = line(panel, "oracle"), line(panel, "target-only")
    assert (oracle["reference"], oracle["level"]["value"], "points" in oracle) == (True, 91.0, False)
    assert (alone["reference"], len(alone["points"])) == (True, 2)
    assert not line(panel, "fine-tune")["reference"]


def test_a_mean_with_a_missing_run_has_no_point(curve):
    lost = next(c for c in curve.cells if (c["variant"], c["shots"], c["target"]) == ("fine-tune", 5, "d"))
    (curve.folder / f"{lost['run_key']}.json").unlink()
    everything, to_c, to_d = shots_of(curve).data["panels"]
    assert [len(line(panel, "fine-tune")["points"]) for panel in (everything, to_c, to_d)] == [1, 2, 1]


def test_one_target_is_one_panel(curve):
    (panel,) = shots_of(curve, pair=["*:d"]).data["panels"]
    assert panel["title"] == "a:d"


@pytest.mark.parametrize("form", ["svg", "png"])
def test_it_is_drawn_twice_the_same(curve, form):
    shown = shots_of(curve)
    first = drawn("shots", shown.data, shown.title, form)
    assert first == drawn("shots", shown.data, shown.title, form)
    assert len(first) > 5_000
