"""Code from the network runs where the command line names the backbone that brings it, and nowhere else."""

from __future__ import annotations

import json

import pytest
from toy_suite import SUITE, TOY

from tlbench.errors import TlbenchError
from tlbench.execution.job import write_source_model_job
from tlbench.execution.worker import work
from tlbench.plugins.remote_code import check_trusted_names, refuse_untrusted, trust_keyword
from tlbench.runner.prepare import Request, prepare

PLUGIN = '''
from pathlib import Path

import tlbench


class Remote:
    """`remote:NAME`; a file says that its code has run."""

    def __call__(self, input_shape, argument):
        from torch import nn

        from tlbench.core.backbone import Backbone

        Path(f"{argument}.ran").touch()
        return Backbone([nn.Linear(input_shape[0], 3)], 3)

    def check(self, argument):
        Path(f"{argument}.ran").touch()

    def runs_remote_code(self, argument):
        if argument == "bug":
            raise KeyError("a bug of the plugin")
        return argument != "local"


class Asking:
    """`asking:NAME` looks first, and then needs to be trusted."""

    def __call__(self, input_shape, argument, *, trusted=False):
        from torch import nn

        from tlbench.core.backbone import Backbone

        self.check(argument, trusted=trusted)
        return Backbone([nn.Linear(input_shape[0], 3)], 3)

    def check(self, argument, *, trusted=False):
        if not trusted:
            raise tlbench.TlbenchError("not without --trust-remote-code")


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("remote:", Remote())
    register("asking:", Asking())
'''


@pytest.fixture
def plugin(project):
    return project.write("remote_plugin.py", PLUGIN)


@pytest.fixture
def suite(project):
    return project.suite(SUITE.replace('"mlp:16"', '"remote:net", "asking:net", "remote:local"'))


def test_the_nearest_backbone_of_the_suite_is_named_for_one_that_it_lacks():
    message = "--trust-remote-code: unknown backbone of the suite 's' 'remote:nett'; did you mean 'remote:net'?"
    with pytest.raises(TlbenchError) as caught:
        check_trusted_names(["remote:nett"], ["remote:net", "linear"], "s")
    assert str(caught.value).startswith(message)


def test_a_factory_that_says_nothing_of_remote_code_needs_no_trust():
    refuse_untrusted(object(), "linear", None, ())
    assert trust_keyword(lambda shape: shape, "linear", ("linear",)) == {}


@pytest.mark.parametrize("command", ["run", "plan"])
def test_what_is_not_trusted_is_refused_before_any_of_its_code_runs(project, plugin, suite, command):
    outcome = project.tlbench(command, suite, "--plugin", plugin)
    assert outcome.code == 2
    assert "backbone 'remote:net': it runs code from the network" in outcome.err
    assert "say --trust-remote-code 'remote:net'" in outcome.err
    assert "backbone 'asking:net': not without --trust-remote-code" in outcome.err
    assert "'remote:local'" not in outcome.err
    assert "Traceback" not in outcome.err
    assert not (project.folder / "net.ran").exists()
    assert not (project.folder / "results").exists()


def test_a_factory_that_fails_when_it_is_asked_is_named(project, plugin):
    suite = project.suite(SUITE.replace('"mlp:16"', '"remote:bug"'))
    outcome = project.tlbench("plan", suite, "--plugin", plugin)
    assert outcome.code == 2
    assert "its plugin 'remote_plugin' failed in runs_remote_code(): KeyError" in outcome.err
    assert "Traceback" not in outcome.err


def test_trusting_one_backbone_trusts_no_other(project, plugin, suite):
    outcome = project.tlbench("run", suite, "--plugin", plugin, "--trust-remote-code", "asking:net")
    assert outcome.code == 2
    assert "backbone 'remote:net'" in outcome.err
    assert "backbone 'asking:net'" not in outcome.err


def test_an_unknown_name_is_refused_even_where_all_is_done_and_nobody_is_trusted_unasked(project):
    suite = project.suite()
    assert project.tlbench("run", suite).code == 0
    assert project.record("oracle").provenance["trusted_remote_code"] == []
    outcome = project.tlbench("run", suite, "--trust-remote-code", "mlp:61")
    assert outcome.code == 2
    assert "did you mean 'mlp:16'" in outcome.err


def test_what_is_trusted_runs_and_its_names_are_in_the_record(project, plugin, suite):
    trusted = ["--trust-remote-code", "remote:net", "--trust-remote-code", "asking:net"]
    outcome = project.tlbench("run", suite, "--plugin", plugin, *trusted)
    assert outcome.code == 0, outcome.err
    assert (project.folder / "net.ran").exists()
    for record in project.records():
        assert record.status == "ok"
        assert record.provenance["trusted_remote_code"] == ["remote:net", "asking:net"]


def test_a_worker_goes_by_its_jobs_file_alone(project, plugin, suite):
    """Whatever the host has asked before: a job that does not name the backbone does not run its code."""
    names, files = ("remote:net", "asking:net"), (str(TOY), str(plugin))
    ready = prepare(Request(suite=str(suite), plugin_files=files, trusted=names))
    specs = {run.spec.backbone: run.spec.source_model() for run in ready.plan.runs.values() if run.spec.source}
    domains = {"a": ready.domains.get("a", "held-out")}

    def ends(backbone, trusted, folder):
        job = write_source_model_job(project.folder / folder, specs[backbone], domains, "cpu", files, trusted)
        code = work(job.folder, lambda *_: None)
        return code, json.loads((job.folder / "output.json").read_text())

    for at, backbone in enumerate(names):
        code, output = ends(backbone, (), f"untrusted-{at}")
        assert code == 1
        assert "--trust-remote-code" in output["error"]["message"]
        assert ends(backbone, (backbone,), f"trusted-{at}")[0] == 0
