"""Which metric ranks."""

from __future__ import annotations

import json

from toy_suite import SUITE, TOY

PLUGIN = (
    TOY.read_text()
    + """


class Rare(Toy):
    primary_metric = "balanced_accuracy"


class Odd(Toy):
    primary_metric = "beauty"


@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("rare", Rare)
    register("odd", Odd)
"""
)


def test_a_primary_metric_that_nobody_offers_is_refused_naming_the_dataset(project):
    plugin = project.write("rare.py", PLUGIN)
    outcome = project.tlbench(
        "run", project.suite(SUITE.replace('"toy"\nback', '"odd"\nback')), "--plugin", plugin, plugin=False
    )
    assert outcome.code == 2
    assert "unknown metric 'beauty'" in outcome.err
    assert "dataset 'odd'" in outcome.err


def test_the_datasets_primary_metric_ranks_where_the_suite_names_none(project):
    plugin = project.write("rare.py", PLUGIN)
    rare = SUITE.replace('"toy"\nback', '"rare"\nback')
    project.tlbench("run", project.suite(rare), "--plugin", plugin, plugin=False)
    (table,) = json.loads(project.tlbench("leaderboard", "toy", "--format", "json", plugin=False).out)
    assert [column["name"] for column in table["columns"]][1:3] == ["balanced_accuracy", "macro_f1"]
    assert "balanced accuracy" in table["caption"]
    assert {"accuracy", "balanced_accuracy", "macro_f1"} <= project.record("oracle").metrics["last"].keys()


def test_a_suite_that_names_metrics_has_its_own_first(project):
    plugin = project.write("rare.py", PLUGIN)
    text = SUITE.replace('"toy"\nback', '"rare"\nback').replace("seeds =", 'metrics = ["macro_f1"]\nseeds =')
    project.tlbench("run", project.suite(text), "--plugin", plugin, plugin=False)
    assert project.plan()["primary_metric"] == "macro_f1"
