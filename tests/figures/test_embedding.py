"""Maps of features: what is asked of them, what they show, and a drawing of runs that are made again."""

from __future__ import annotations

import numpy as np
import pytest
from toy_suite import SUITE

from tlbench.errors import TlbenchError
from tlbench.figures.embedding import Domain, Panel, embedding, panel_of

TWO = SUITE.replace('pairs = ["a:b"]', 'pairs = ["a:b", "b:a"]')


def domain(shift, items=120, seed=0):
    """Two classes that lie apart, moved as a whole."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, items)
    features = rng.normal(size=(items, 6)) + 8 * labels[:, None] * np.eye(6)[0] + shift * np.eye(6)[1]
    return Domain(features, labels)


def data_of(shift, **rest):
    return embedding([Panel("dann", domain(0), domain(shift, seed=1, **rest))], ["zero", "one"])


def test_too_few_items_for_a_map_and_features_that_are_not_finite_are_refused():
    with pytest.raises(TlbenchError, match="needs 90 items of both domains together, and 40 are there"):
        embedding([Panel("dann", domain(0, items=20), domain(0, items=20))], ["zero", "one"])
    broken = domain(0)
    broken.features[3, 1] = np.nan
    with pytest.raises(TlbenchError, match="features of dann are not finite"):
        embedding([Panel("dann", broken, domain(0))], ["zero", "one"])


def test_a_run_that_hands_back_no_features_is_named():
    with pytest.raises(TlbenchError, match="mine hands back no features"):
        panel_of("mine", {"source_train/features": np.zeros((5, 2)), "source_train/labels": np.zeros(5)})


def test_domains_that_lie_apart_are_told_apart_and_alike_ones_are_not():
    assert data_of(0)["panels"][0]["distance"] < 0.6
    assert data_of(9)["panels"][0]["distance"] > 1.8


def test_neighbours_among_features_are_neighbours_on_the_map_which_is_the_same_each_time():
    data = data_of(0)
    points = np.array(data["panels"][0]["points"])
    assert set(points[:, 3]) == {0, 1}
    places, classes = points[:, :2], points[:, 2]
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag(np.full(len(places), np.inf))
    assert (classes[distances.argmin(axis=1)] == classes).mean() > 0.97
    assert data_of(0) == data


def figure(project, *arguments):
    return project.tlbench("figure", "embedding", "suite.toml", "-o", "x.svg", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "2 are left; choose with --pair: a:b, b:a"),
        (["--pair", "a:c"], "did you mean"),
        (["--pair", "a:b", "--seed", "7"], "--seed '7'"),
        (["--pair", "a:b", "--strategy", "source-only"], "nothing is left"),
        (["--pair", "a:b", "-o", "x.doc"], "a figure is written as .pdf"),
    ],
)
def test_bad_input_is_one_message_and_no_file(project, arguments, said):
    project.suite(TWO)
    outcome = figure(project, *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not list(project.folder.glob("x*"))


def test_runs_are_made_again_drawn_beside_their_baseline_and_results_are_left_alone(project):
    project.suite(TWO)
    outcome = figure(project, "--pair", "a:b")
    assert outcome.code == 0, outcome.err
    assert (project.folder / "x.svg").stat().st_size > 10_000
    assert not (project.folder / "results").exists()
