"""What the factory of a backbone says before anything is trained."""

from __future__ import annotations

import pytest
from toy_suite import SUITE

PLUGIN = '''
from pathlib import Path

import tlbench


class Factory:
    """`weights:FILE`; the file holds a number that becomes the bias."""

    def __call__(self, input_shape, argument, *, pretrained=True):
        import torch
        from torch import nn

        from tlbench.core.backbone import Backbone

        layer = nn.Linear(input_shape[0], 3)
        with torch.no_grad():
            layer.bias.fill_(float(Path(argument).read_text()))
        return Backbone([layer], 3)

    def check(self, argument):
        if argument == "broken":
            raise KeyError("a bug of the plugin")
        if not Path(argument).is_file():
            raise tlbench.TlbenchError(f"the file {argument!r} is not there")

    def revision(self, argument):
        return Path(argument).read_text()


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("weights:", Factory())
'''


@pytest.fixture
def plugin(project):
    project.write("one.txt", "1")
    return project.write("weights_plugin.py", PLUGIN)


def suite(project, *names):
    return project.suite(SUITE.replace('"mlp:16"', ", ".join(f'"{name}"' for name in names)))


def test_every_backbone_that_cannot_be_had_is_named_before_anything_runs(project, plugin):
    for command in ("run", "plan"):
        outcome = project.tlbench(command, suite(project, "weights:gone.txt", "weights:broken"), "--plugin", plugin)
        assert outcome.code == 2
        assert "backbone 'weights:gone.txt': the file 'gone.txt' is not there" in outcome.err
        assert "backbone 'weights:broken': its plugin 'weights_plugin' failed in check(): KeyError" in outcome.err
        assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()
    assert not list((project.folder / "cache").glob("source-models/*"))


def test_other_weights_under_the_same_name_are_other_runs(project, plugin):
    def run():
        outcome = project.tlbench("run", suite(project, "weights:one.txt"), "--plugin", plugin)
        assert outcome.code == 0, outcome.err
        return outcome

    run()
    keys = {record.run_key for record in project.records()}
    assert "to do" not in run().err
    assert {record.run_key for record in project.records()} == keys
    project.write("one.txt", "2")
    run()
    records = project.records()
    assert len(records) == 2 * len(keys)
    assert {record.spec.backbone_version.partition("+")[2] for record in records} == {"1", "2"}
    assert len(list((project.folder / "cache" / "source-models").iterdir())) == 2


def test_a_backbone_without_a_revision_has_the_plugins_version_alone(project):
    project.tlbench("run", project.suite())
    assert "+" not in project.record("oracle").spec.backbone_version
