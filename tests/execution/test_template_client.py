from __future__ import annotations

import signal
import time

from toy_suite import SUITE

from tlbench.execution.template_client import Template


def test_a_template_that_still_imports_is_not_waited_for():
    template = Template(1)
    template.end()
    assert template.exit_code == -signal.SIGKILL


def test_a_template_that_can_fork_ends_by_itself():
    template = Template(1)
    until = time.monotonic() + 120
    while not template.ready and time.monotonic() < until:
        time.sleep(0.05)
    template.end()
    assert template.exit_code == 0


def test_the_template_is_started_before_the_suite_is_planned(project, monkeypatch):
    asked = []
    monkeypatch.setattr(Template, "warm", asked.append)
    outcome = project.tlbench("run", project.suite(SUITE), "--threads", "2", "--device", "cuda:99")
    assert outcome.code == 2  # as its plan finds
    assert asked == [2]
