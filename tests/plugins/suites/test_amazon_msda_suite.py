"""`amazon-msda`: features as published, and its short form run for real where the data are."""

from __future__ import annotations

from tlbench.plugins.manager import plugin_host
from tlbench.suites.suite_file import read_suite
from tlbench_datasets.named.amazon_reviews import AmazonReviews


def test_its_features_are_those_of_the_paper():
    suite = read_suite("amazon-msda", plugin_host())
    params = AmazonReviews.Params(**suite.data)
    assert (params.view, params.layers, params.corruption, params.words) == ("msda", 5, 0.5, 5000)
    assert suite.selection == "reverse-validation"


def test_it_has_a_published_figure_for_each_of_three_classifiers_on_twelve_pairs():
    claims = read_suite("amazon-msda", plugin_host()).published
    means = {name: [claim.value for claim in claims if claim.strategy == name] for name in ("dann", "linear-svm")}
    assert len(claims) == 36
    assert {name: round(sum(values) / 12, 4) for name, values in means.items()} == {
        "dann": 0.8132,
        "linear-svm": 0.8018,
    }


def test_the_short_form_is_the_long_one_with_fewer_pairs_words_seeds_and_steps():
    long, short = (read_suite(name, plugin_host()) for name in ("amazon-msda", "amazon-msda-small"))
    assert (short.training, short.selection) == (long.training, long.selection)
    assert [(part.strategies, part.backbones, part.training) for part in short.part] == [
        (part.strategies, part.backbones, part.training) for part in long.part
    ]
    for name, variant in short.strategies.items():
        assert variant.params == long.strategies[name].params
        grid = variant.grid or {}
        assert all(set(values) <= set(long.strategies[name].grid[key]) for key, values in grid.items())
    assert short.budget.steps < long.budget.steps


def test_the_short_form_runs_and_its_tables_have_every_row(project, mirror):
    outcome = project.tlbench("run", "amazon-msda-small", "--workers", 2, plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("amazon-msda-small")
    assert {record.status for record in records} == {"ok"}
    assert {record.backbone for record in records if record.variant.startswith("dann")} == {"mlp:100:sigmoid"}
    svm = project.record("linear-svm", "amazon-msda-small")
    assert svm.model.feature_dim == 5600  # the counts and two layers
    assert svm.metrics["last"]["accuracy"] > 0.6  # of two classes, nearly equal in number
    for name in ("source-only", "dann", "linear-svm", "oracle"):
        assert f"\n{name} " in outcome.out
