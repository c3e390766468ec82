"""Code of plugins that the host calls while a suite runs: what it does to itself, and what it cannot do to the host."""

from __future__ import annotations

import contextlib
import json
import time

import numpy as np
import pytest

from tlbench.errors import PluginFailure
from tlbench.plugins.guarded_calls import GuardedCalls
from tlbench.plugins.manager import PluginHost

PLUGIN = '''
import os, sys, time
import tlbench

class Told(tlbench.GradientStrategy):
    """Whatever its parameter asks for."""
    settings = {"transductive"}
    class Params(tlbench.Params):
        how: str = "sound"
    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)
    @classmethod
    def health(cls, curve, params):
        return misbehave(params.how) or [tlbench.Health(f"fine: {len(curve)} points", ok=True)]

class Bad(Exception):
    def __str__(self):
        raise RuntimeError("no words")

def misbehave(how):
    if how == "exit":
        sys.exit(0)
    if how == "end":
        os._exit(0)
    if how == "crash":
        os.kill(os.getpid(), 11)
    if how == "hang":
        time.sleep(600)
    if how == "deaf":
        while True:
            try:
                time.sleep(600)
            except BaseException:
                pass
    if how == "silent":
        raise Bad
    if how == "print":
        print("\\x1b[31m printed", flush=True)
    if how == "flood":
        return [tlbench.Health("x" * 1000, ok=True)] * 100_000
    if how == "speak":
        for fd in range(3, 1024):
            try:
                os.write(fd, b"\\xff{}\\n")
            except OSError:
                pass

def metric(how):
    def call(labels, logits):
        if how == "write":
            labels[:] = logits.argmax(axis=1)
        if how == "force":
            labels.flags.writeable = True
            labels[:] = logits.argmax(axis=1)
        if how == "object":
            return object()
        if how == "nested":
            value = []
            for _ in range(100_000):
                value = [value]
            return value
        misbehave(how)
        return (labels == logits.argmax(axis=1)).mean()
    return call

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("told", Told)

@tlbench.hookimpl
def tlbench_register_metrics(register):
    for how in %r:
        register(how, metric(how))

@tlbench.hookimpl
def tlbench_run_finished(record):
    misbehave(record.get("how", ""))
    with open("heard.txt", "a") as file:
        print(record["n"], file=file)
'''
KINDS = (
    "sound",
    "exit",
    "end",
    "crash",
    "hang",
    "deaf",
    "silent",
    "print",
    "flood",
    "speak",
    "write",
    "force",
    "object",
    "nested",
)
LABELS = np.arange(40, dtype=np.int64) % 4
LOGITS = np.eye(4, dtype=np.float32)[LABELS[::-1]]


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TLBENCH_PLUGIN_SECONDS", "120")
    path = tmp_path / "bad_plugin.py"
    path.write_text(PLUGIN % (KINDS,))
    made = GuardedCalls(PluginHost([path]))
    yield made
    made.close()


FAILS = {
    "exit": "SystemExit: it called sys.exit(0)",
    "end": "ended its process with exit code 0",
    "crash": "ended its process by SIGSEGV",
    "silent": "failed: Bad: (a message that cannot be had)",
}
METRICS_FAIL = {
    **FAILS,
    "write": "assignment destination is read-only",
    "object": "it gave a object; a number",
    "nested": "failed",
}


@pytest.mark.parametrize(("how", "said"), METRICS_FAIL.items())
def test_a_metric_that_misbehaves_fails_by_name_and_the_next_one_is_asked(calls, how, said):
    labels = LABELS.copy()
    with pytest.raises(PluginFailure, match=f"the metric '{how}' of plugin 'bad_plugin' ") as caught:
        calls.metric(how)(labels, LOGITS)
    assert said in str(caught.value)
    assert (labels == LABELS).all()
    assert calls.metric("sound")(labels, LOGITS) == float((LABELS[::-1] == LABELS).mean())


def test_a_metric_that_forces_its_way_writes_into_a_copy(calls):
    labels = LABELS.copy()
    with contextlib.suppress(PluginFailure):
        calls.metric("force")(labels, LOGITS)
    assert (labels == LABELS).all()


def test_a_built_in_metric_cannot_write_either(calls, monkeypatch):
    from tlbench.plugins.guarded_calls import _on_views

    def writes(labels, logits):
        labels[:] = 0

    labels = LABELS.copy()
    with pytest.raises(ValueError, match="read-only"):
        _on_views(writes)(labels, LOGITS)
    labels[0] = 3  # the array itself is its owner's still
    assert calls.metric("accuracy")(LABELS, LOGITS) == float((LABELS[::-1] == LABELS).mean())


@pytest.mark.parametrize("how", ["hang", "deaf"])
def test_a_metric_that_hangs_is_ended_and_after_two_times_not_asked_again(calls, how, monkeypatch):
    metric = calls.metric(how)
    monkeypatch.setenv("TLBENCH_PLUGIN_SECONDS", "0.5")
    for said in ("did not end within 0.5 s", "did not end within 0.5 s", "is not asked again"):
        with pytest.raises(PluginFailure, match=said):
            metric(LABELS, LOGITS)


def test_what_a_metric_prints_is_for_people_and_moves_no_terminal(calls, capfd):
    assert 0 <= calls.metric("print")(LABELS, LOGITS) <= 1
    calls.close()
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "?[31m printed" in captured.err
    assert "\x1b" not in captured.err


def test_what_is_written_into_every_descriptor_is_no_answer_that_is_believed(calls):
    with pytest.raises(PluginFailure, match="the metric 'speak'"):
        calls.metric("speak")(LABELS, LOGITS)
    assert calls.metric("sound")(LABELS, LOGITS) == float((LABELS[::-1] == LABELS).mean())


@pytest.mark.parametrize(("how", "said"), {**FAILS, "flood": "bytes; at most|more than 50 lines"}.items())
def test_health_that_misbehaves_is_not_known_and_the_next_is_asked(calls, how, said):
    with pytest.raises(PluginFailure) as caught:
        calls.health("told", [], {"how": how})
    assert any(part.removeprefix("failed: ") in str(caught.value) for part in said.split("|"))
    assert [one.text for one in calls.health("told", [{"step": 1}], {})] == ["fine: 1 points"]


def test_hooks_are_heard_in_order_and_one_that_misbehaves_is_said_once(calls, tmp_path, capsys):
    for n, how in enumerate(["", "exit", "", "end", "crash", "silent", ""]):
        calls.tell("tlbench_run_finished", record={"n": n, "how": how})
    calls.close()
    assert (tmp_path / "heard.txt").read_text().split() == ["0", "2", "6"]
    err = capsys.readouterr().err
    assert err.count("plugin 'bad_plugin' failed in tlbench_run_finished: SystemExit: it called sys.exit(0)") == 1
    assert err.count("failed in") == 1


def test_a_slow_hook_holds_up_nothing(calls, monkeypatch, capsys):
    monkeypatch.setenv("TLBENCH_PLUGIN_SECONDS", "1")
    before = time.monotonic()
    for n in range(3):
        calls.tell("tlbench_run_finished", record={"n": n, "how": "hang"})
    assert time.monotonic() - before < 0.5
    calls.close()
    assert "did not end within 1 s" in capsys.readouterr().err


def test_a_run_with_a_metric_that_ends_its_process_fails_by_name_and_the_others_are_there(project):
    from toy_suite import SUITE

    path = project.write(
        "bad_plugin.py", PLUGIN.replace('record.get("how", "")', '""').replace('record["n"]', "1") % (KINDS,)
    )
    suite = project.suite(SUITE.replace("seeds =", 'metrics = ["accuracy", "end"]\nseeds ='))
    outcome = project.tlbench("run", suite, "--plugin", path, "--json")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    records = json.loads(outcome.out)
    assert {record["status"] for record in records} == {"failed"}
    assert all(
        "the metric 'end' of plugin 'bad_plugin' ended its process" in one["error"]["message"] for one in records
    )
