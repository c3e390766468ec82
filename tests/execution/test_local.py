from __future__ import annotations

import signal

import pytest

from tlbench.cli.options import seconds, size
from tlbench.errors import TlbenchError
from tlbench.execution.device import choose_machine
from tlbench.execution.local_pool import describe_end


@pytest.mark.parametrize("text", ["", "0", "-3s", "5 minutes", "1d"])
def test_a_time_that_cannot_be_read_shows_the_form(text):
    with pytest.raises(TlbenchError, match="10m"):
        seconds(text)


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("5s", 5), ("1.5m", 90), ("2h", 7200), (None, None)])
def test_times_are_read(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize(("text", "value"), [("8GiB", 2**33), ("1.5 MiB", 3 * 2**19), (None, None)])
def test_sizes_are_read(text, value):
    assert size(text) == value


@pytest.mark.parametrize(
    ("details", "status", "words"),
    [
        ({"timed_out": True, "signal": 9}, "timeout", "5s"),
        ({"timed_out": False, "signal": int(signal.SIGABRT)}, "crashed", "SIGABRT"),
        ({"timed_out": False, "signal": int(signal.SIGKILL)}, "crashed", "out of memory"),
        ({"timed_out": False, "code": 3}, "crashed", "exit code 3"),
    ],
)
def test_how_a_process_ended_is_said_in_words(details, status, words):
    said, _, message = describe_end(details, 5.0)
    assert said == status
    assert words in message


def test_the_reason_of_every_automatic_choice_is_kept():
    machine = choose_machine("auto", None, None, False)
    assert set(machine.choices) == {"device", "workers", "threads"}
    chosen = choose_machine("cpu", 3, 2, False)
    assert chosen.choices == {}
    assert (chosen.workers, chosen.compute.threads, chosen.compute.device) == (3, 2, "cpu")
