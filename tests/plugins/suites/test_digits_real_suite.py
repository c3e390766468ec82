"""`digits-real`: the recipe of each pair, and its short form run for real where the data are."""

from __future__ import annotations

from tlbench.plugins.manager import plugin_host
from tlbench.suites.suite_file import read_suite


def test_each_pair_has_the_recipe_of_its_publication():
    suite = read_suite("digits-real", plugin_host())
    assert (suite.budget.steps, suite.budget.batch_size, suite.selection) == (4000, 64, "last")
    assert (suite.training.nesterov, suite.training.decay, suite.training.weight_decay) == (True, 4.0, 1e-3)
    assert [part.pairs for part in suite.part] == [["mnist:usps"], ["usps:mnist"], ["mnist:mnist-m-q65"]]


def test_the_short_form_is_the_long_one_with_fewer_pairs_seeds_and_steps():
    long, short = (read_suite(name, plugin_host()) for name in ("digits-real", "digits-real-small"))
    assert short.training == long.training
    assert short.strategies.items() <= long.strategies.items()
    recipes = {tuple(part.pairs): (part.backbones, part.training) for part in long.part}
    assert all(recipes[tuple(part.pairs)] == (part.backbones, part.training) for part in short.part)
    assert short.budget.steps < long.budget.steps


def test_the_short_form_runs_and_its_tables_have_every_row(project, mirror):
    outcome = project.tlbench("run", "digits-real-small", "--workers", 2, plugin=False)
    assert outcome.code == 0, outcome.err
    records = {(record.variant, record.backbone): record for record in project.records("digits-real-small")}
    lenet = [(name, "lenet:256") for name in ("source-only", "oracle", "dann")]
    convnet = [(name, "dann-convnet") for name in ("source-only", "oracle", "dann-paper")]
    assert set(records) == {*lenet, *convnet}
    assert {record.status for record in records.values()} == {"ok"}
    assert records[lenet[2]].model.feature_dim == 256
    assert records[convnet[2]].model.feature_dim == 48  # one position of 16 pixels is left
    for name in ("source-only", "dann", "dann-paper", "oracle"):
        assert f"\n{name} " in outcome.out
    # λ of 20 steps ends near where that of 4,000 does.
    ends = [records[name].curve[-2]["lambda"] for name in (lenet[2], convnet[2])]
    assert [round(end, 2) for end in ends] == [0.96, 1.0]
