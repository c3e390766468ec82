"""What figures show: gaps by source and target, quality against cost, ranks, curves."""

from __future__ import annotations

import pytest

from tlbench.errors import TlbenchError
from tlbench.figures.figure import data_hash, figure_data
from tlbench.leaderboard.leaderboard import places
from tlbench.records.record import Cost, Seconds

SEEDS = [0, 1, 2]
#: `b:a` is hurt, `a:b` is helped; a domain is not transferred to itself.
BASE = {"a:b": [0.50, 0.52, 0.51], "b:a": [0.80, 0.82, 0.81]}
DANN = {"a:b": [0.70, 0.73, 0.72], "b:a": [0.60, 0.63, 0.62]}


def place_of(results, **options):
    (place,) = places(results.result_set(), **options)
    return place


@pytest.fixture
def place(results):
    results.transductive({"dann": DANN}, SEEDS, BASE)
    return place_of(results)


def test_an_unknown_figure_is_answered_with_the_nearest(place):
    with pytest.raises(TlbenchError, match="did you mean 'heatmap'"):
        figure_data("heat-map", place)


def test_a_heat_map_of_nothing_is_refused(results):
    results.transductive({}, SEEDS, BASE)
    with pytest.raises(TlbenchError, match="no strategy has a gap on any pair"):
        figure_data("heatmap", place_of(results))


def test_the_diagram_of_ranks_is_refused_below_ten_pairs_and_says_how_many_there_are(place):
    with pytest.raises(TlbenchError, match=r"needs ten pairs .* there are 2 pairs"):
        figure_data("cd", place)


def test_curves_of_runs_that_recorded_none_are_refused(place):
    with pytest.raises(TlbenchError, match="no run recorded a curve"):
        figure_data("curves", place)


def test_gaps_are_in_points_and_bear_their_verdicts(place):
    data = figure_data("heatmap", place)
    assert (data["sources"], data["targets"], data["unit"]) == (["a", "b"], ["a", "b"], "points")
    (panel,) = data["panels"]
    cells = {(cell["source"], cell["target"]): cell for cell in panel["cells"]}
    assert cells["a", "b"]["gap"] == pytest.approx(-20.67, abs=0.01)
    assert (cells["a", "b"]["verdict"], cells["b", "a"]["verdict"]) == ("helps", "hurts")


def test_what_is_dearer_and_no_better_is_not_on_the_frontier(results):
    results.transductive({"dann": DANN}, SEEDS, BASE, seconds=Cost(own=Seconds(total=50.0)))
    points = {point["variant"]: point for point in figure_data("frontier", place_of(results))["points"]}
    assert points["source-only"]["on_frontier"]
    assert points["source-only"]["seconds"] == pytest.approx(5.7)  # its own and what it shares
    assert points["dann"]["value"] > points["source-only"]["value"]
    assert points["dann"]["on_frontier"]  # dearer, and better
    assert not points["oracle"]["on_frontier"]


def test_the_ceiling_is_never_on_the_frontier_however_cheap_it_is(place):
    points = {point["variant"]: point["on_frontier"] for point in figure_data("frontier", place)["points"]}
    assert points.pop("oracle") is False
    assert any(points.values())


def test_nothing_chosen_on_target_test_labels_is_on_the_frontier(results):
    scores = {pair: [{"last": s, "target-test": s} for s in values] for pair, values in DANN.items()}
    base = {pair: [{"last": s, "target-test": s} for s in values] for pair, values in BASE.items()}
    results.transductive({"dann": scores}, SEEDS, base, oracle={"last": 0.98, "target-test": 0.98})
    data = figure_data("frontier", place_of(results, selection="target-test"))
    assert data["points"]
    assert not any(point["on_frontier"] for point in data["points"])


def test_curves_leave_out_what_others_share_and_give_the_range_over_runs(results):
    curve = [
        {"step": 1, "phase": "source", "loss": 9.0},
        {"step": 1, "phase": "adaptation", "loss": 2.0},
        {"step": 100, "phase": "adaptation", "loss": 1.0},
        {"step": 100, "source_val": 0.75},
    ]
    results.transductive({"dann": DANN}, SEEDS, BASE, curve=curve)
    panels = {panel["title"]: panel["lines"] for panel in figure_data("curves", place_of(results))["panels"]}
    (loss,) = [line for line in panels["loss"] if line["variant"] == "dann"]
    assert [(point["step"], point["mean"], point["low"], point["high"]) for point in loss["points"]] == [
        (1, 2.0, 2.0, 2.0),
        (100, 1.0, 1.0, 1.0),
    ]
    assert panels["source-val"][0]["points"][0]["mean"] == 0.75


def test_from_ten_pairs_on_ranks_have_a_critical_difference_and_its_groups(results):
    pairs = [f"a{index}:b{index}" for index in range(10)]
    base = {pair: [0.5, 0.51, 0.52] for pair in pairs}
    better = {pair: [0.6, 0.61, 0.62] for pair in pairs}
    best = {pair: [0.7, 0.71, 0.72] for pair in pairs}
    results.transductive({"better": better, "best": best}, SEEDS, base)
    data = figure_data("cd", place_of(results))
    assert [rank["variant"] for rank in data["ranks"]] == ["best", "better", "source-only"]
    assert data["critical_difference"] == pytest.approx(1.048, abs=0.001)  # Demšar: 2.343 √(3 · 4 / 60)
    assert data["groups"] == [["best", "better"], ["better", "source-only"]]


def test_equal_data_have_one_hash_and_others_another(place):
    data = figure_data("heatmap", place)
    assert data_hash(data) == data_hash(dict(reversed(data.items())))
    assert data_hash(data) != data_hash(data | {"unit": ""})
