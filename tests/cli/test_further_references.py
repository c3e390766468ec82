"""Which references a plan has for a user's own data, for a published dataset, and for strategies with a twin."""

from __future__ import annotations

import json

import numpy as np
import pytest
from toy_suite import TOY

from tlbench.errors import TlbenchError
from tlbench.runner.prepare import Request, prepare

PARTS = """
[[part]]
setting = "transductive"
pairs = ["a:b"]
strategies = [{transductive}]

[[part]]
setting = "inductive"
shots = 5
pairs = ["a:b"]
strategies = ["linear-svm", "fine-tune"]
"""
HEAD = """
name = "own"
dataset = "{dataset}"
backbones = ["{backbone}"]
seeds = [0, 1]
{more}

[budget]
steps = 20
batch_size = 8
"""
TWIN = """
import tlbench

__license__ = "Apache-2.0"


class Aligned(tlbench.FeatureStrategy):
    \"\"\"As linear-svm, but said to adapt.\"\"\"

    settings = {"transductive"}
    paper = "none: a test"
    uses_source_model = False
    without_adaptation = "%s"

    class Params(tlbench.Params):
        C: float = 1.0
        strength: float = 1.0

    def fit_features(self, features, labels, seed):
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.params.C).fit(features, labels)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("aligned", Aligned)
"""


@pytest.fixture
def own(project):
    """A table of two domains; `own(**changes)` is the plan of a suite on it."""
    rng = np.random.default_rng(0)
    rows = ["domain,class,x,y"]
    for name in "ab":
        # Three in four are well, so that the most frequent class is one.
        rows += [
            f"{name},{'ill' if n % 4 == 0 else 'well'},{x:.3f},{y:.3f}"
            for n, (x, y) in enumerate(rng.standard_normal((80, 2)) + 2.0 * (np.arange(80) % 4 == 0)[:, None])
        ]
    project.write("people.csv", "\n".join(rows) + "\n")

    def plan(
        dataset="csv:people.csv", backbone="linear", more="", transductive='"nearest-neighbour"', data=True, end=""
    ):
        text = HEAD.format(dataset=dataset, backbone=backbone, more=more) + PARTS.format(transductive=transductive)
        text += '[data]\nlabel = "class"\ndomain = "domain"\n' if data else ""
        path = project.suite(text + end)
        files = (str(TOY), *([str(project.folder / "twin.py")] if (project.folder / "twin.py").exists() else []))
        return prepare(Request(suite=str(path), plugin_files=files)).plan

    return plan


def references(plan, setting):
    return {cell.variant for cell in plan.cells if cell.role == "reference" and cell.setting == setting}


def test_an_unknown_reference_is_answered(own):
    with pytest.raises(TlbenchError, match="references"):
        own(more='references = ["pool"]')


def test_own_data_have_majority_and_pooling(own):
    plan = own()
    assert plan.own_data
    assert references(plan, "transductive") == {"source-only", "oracle", "majority"}
    assert references(plan, "inductive") == {"source-only", "target-only", "pooling", "oracle", "majority"}
    # One for each target and seed, in whatever table.
    assert len({cell.run_key for cell in plan.cells if cell.variant == "majority"}) == 2


def test_a_suite_may_do_without_them_and_one_of_a_published_dataset_may_ask_for_them(own):
    assert references(own(more="references = []"), "inductive") == {"source-only", "target-only", "oracle"}
    toy = own(dataset="toy", backbone="mlp:16", data=False)
    assert not toy.own_data
    assert references(toy, "inductive") == {"source-only", "target-only", "oracle"}
    asked = own(dataset="toy", backbone="mlp:16", data=False, more='references = ["pooling"]')
    assert references(asked, "inductive") == {"source-only", "target-only", "pooling", "oracle"}


def test_the_source_is_nothing_where_nothing_of_it_is_left(own):
    def used(plan):
        return {c.variant: c.uses_source for c in plan.cells if c.role == "strategy" and c.setting == "inductive"}

    assert used(own()) == {"linear-svm": False, "fine-tune": True}
    cells = [cell for cell in own().cells if cell.variant == "linear-svm" and cell.setting == "inductive"]
    assert all("without-source" not in cell.references for cell in cells)


def test_a_twin_is_planned_with_the_parameters_that_both_have(project, own):
    project.write("twin.py", TWIN % "linear-svm")
    plan = own(
        transductive='"aligned", "stronger"', end='[strategies.stronger]\nuse = "aligned"\nC = 10.0\nstrength = 2.0\n'
    )
    twins = {
        cell.variant: cell.params for cell in plan.cells if cell.strategy == "linear-svm" and cell.role == "reference"
    }
    assert twins == {"linear-svm": {}, "linear-svm (of stronger)": {"C": 10.0}}
    for cell in plan.cells:
        if cell.role == "strategy" and cell.setting == "transductive":
            assert plan.runs[cell.references["without-adaptation"]].spec.strategy == "linear-svm"


def test_a_twin_that_the_suite_asks_for_is_not_planned_twice(project, own):
    project.write("twin.py", TWIN % "linear-svm")
    plan = own(transductive='"aligned", "linear-svm"')
    cells = [cell for cell in plan.cells if cell.variant == "linear-svm" and cell.setting == "transductive"]
    assert [cell.role for cell in cells] == ["strategy", "strategy"]  # of two seeds
    keys = {cell.references["without-adaptation"] for cell in plan.cells if cell.variant == "aligned"}
    assert keys == {cell.run_key for cell in cells}


def test_a_twin_that_nobody_offers_is_named_with_the_strategy_that_names_it(project, own):
    project.write("twin.py", TWIN % "linear-swm")
    with pytest.raises(TlbenchError, match=r"aligned.*without_adaptation.*linear-swm.*linear-svm"):
        own(transductive='"aligned"')


def test_majority_is_right_as_often_as_its_class_is_there(project, own):
    """Of 80 rows of each domain three in four are well, in every split of them."""
    own()
    outcome = project.tlbench("run", "suite.toml", "--strategy", "nearest-neighbour", "--setting", "transductive", "-q")
    assert outcome.code == 0, outcome.err
    records = [record for record in project.records("own") if record.variant == "majority"]
    assert [record.metrics["last"]["accuracy"] for record in records] == [0.75, 0.75]
    assert "(16 items of b)" in outcome.out
    plan = json.loads((project.folder / "results" / "own" / "plan.json").read_text())
    assert plan["own_data"] is True
