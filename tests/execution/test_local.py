from __future__ import annotations

import signal

import pytest

from tlbench.cli.options import seconds, size
from tlbench.errors import TlbenchError
from tlbench.execution.device import choose_machine
from tlbench.execution.job_outcome import Limits, describe_end


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


KILLED = {"signal": int(signal.SIGKILL)}
HELD = {"stopped": "memory", "held": 3 * 2**30, "shared": 2**30, "processes": 4}


@pytest.mark.parametrize(
    ("details", "status", "words"),
    [
        ({"stopped": "timeout", "signal": 9}, "timeout", "ran past --timeout 5s"),
        ({"signal": int(signal.SIGABRT)}, "crashed", "SIGABRT"),
        ({"signal": int(signal.SIGRTMIN) + 3}, "crashed", "signal 37"),
        ({**KILLED, "memory_kills": {}}, "crashed", "another process"),
        ({**KILLED, "memory_kills": {"/proc/vmstat": 1}}, "out_of_memory", "oom_kill of /proc/vmstat by 1"),
        (HELD, "out_of_memory", "--memory 2 GiB and was ended: it held 3 GiB in 4 processes, 1 GiB of it shared"),
        ({"code": 1, "stopped": "unkept"}, "crashed", "was killed"),
        ({"code": 1, "no_log": "No space left on device"}, "crashed", "No space left"),
        ({"code": 3}, "crashed", "exit code 3"),
    ],
)
def test_how_a_process_ended_is_said_in_words_from_what_was_counted(details, status, words):
    said, _, message = describe_end(details, Limits(5.0, 2**31))
    assert said == status
    assert words in message


def test_the_reason_of_every_automatic_choice_is_kept():
    machine = choose_machine("auto", None, None, False)
    assert set(machine.choices) == {"device", "workers", "threads"}
    chosen = choose_machine("cpu", 3, 2, False)
    assert chosen.choices == {}
    assert (chosen.workers, chosen.compute.threads, chosen.compute.device) == (3, 2, "cpu")
