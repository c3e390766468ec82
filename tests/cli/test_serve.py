"""`tlbench serve` and `tlbench run --watch`: pages on this machine, and what stands in their way."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request

import pytest


@pytest.fixture
def taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "nowhere"], "'nowhere' is no folder"),
        (["serve", "empty"], "neither index.html nor plan.json"),
        (["serve", "damaged"], "damaged plan damaged/plan.json"),
        (["serve", "site", "--port", "PORT"], "port PORT is in use; name another with --port N"),
        (["serve", "site", "--port", "99999"], "--port"),
        (["run", "suite.toml", "--watch", "--port", "PORT"], "port PORT is in use"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_run(project, taken_port, arguments, said):
    project.suite()
    for name in ("empty", "site", "damaged"):
        (project.folder / name).mkdir()
    (project.folder / "site" / "index.html").write_text("<p>all")
    (project.folder / "damaged" / "plan.json").write_text("{")
    given = [argument.replace("PORT", str(taken_port)) for argument in arguments]
    outcome = project.tlbench(*given, plugin=False)
    assert outcome.code == 2
    assert said.replace("PORT", str(taken_port)) in outcome.err
    assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()


def address_in(stream):
    for line in stream:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise AssertionError("no address was said")


def test_the_page_of_a_running_suite_is_served_until_the_command_ends(project):
    project.suite()
    process = project.start("run", "suite.toml", "--watch", "--port", "0")
    address = address_in(process.stderr)
    with urllib.request.urlopen(address, timeout=60) as page:
        assert b'<output id="live"' in page.read()
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "feature-extraction" in out
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)


def test_results_are_served_until_ctrl_c_which_is_no_fault(project):
    assert project.tlbench("run", project.suite()).code == 0
    process = project.start("serve", "results/toy", "--port", "0", plugin=False)
    with urllib.request.urlopen(address_in(process.stdout), timeout=60) as page:
        assert b"<h1>toy</h1>" in page.read()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
