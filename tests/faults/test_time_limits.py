"""A run ends in its time whatever its code does, and nothing of it is left."""

from __future__ import annotations

import threading
import time

import pytest
from faults import carry_out, processes

from tlbench.execution.supervisor import GRACE

TIMEOUT = 1.0
SILENT = "import time\ntime.sleep(3600)"
CHATTY = """
import os, time
while True:
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, bytes(128))
        except OSError:
            pass
    print("still here")
"""
GIL_HOLDING = """
import ctypes
ctypes.PyDLL(None).sleep(3600)  # a function of C that keeps the lock of the interpreter
"""
DEAF = """
import signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
while True:
    time.sleep(1)
"""
FORKING = """
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "{mark}"])
        time.sleep(3600)
time.sleep(3600)
"""
BREEDING = """
import os, time
while True:  # each forks the next and ends, so that no list of processes is ever right
    if os.fork():
        os._exit(0) if os.getpid() != {first} else time.sleep(3600)
    os.setsid()
    time.sleep(0.002)
"""
WAYS = {"silent": SILENT, "chatty": CHATTY, "gil": GIL_HOLDING, "deaf": DEAF}


@pytest.fixture
def lateness():
    """The longest time by which a thread that slept woke too late: what a machine that has much to do adds to all."""
    worst, done = [0.0], threading.Event()

    def measure():
        last = time.monotonic()
        while not done.wait(0.05):
            now = time.monotonic()
            worst[0] = max(worst[0], now - last - 0.05)
            last = now

    thread = threading.Thread(target=measure)
    thread.start()
    yield lambda: worst[0]
    done.set()
    thread.join()


def test_runs_of_every_kind_are_ended_in_time_and_say_where_they_were(tmp_path, lateness):
    mark = "71717"
    codes = {**WAYS, "forking": FORKING.replace("{mark}", mark), "breeding": BREEDING.replace("{first}", "os.getpid()")}
    codes["breeding"] = "import os\nfirst = os.getpid()\n" + BREEDING.replace("{first}", "first")
    ended = carry_out(tmp_path, codes, timeout=TIMEOUT)
    assert {name: details["stopped"] for name, details in ended.items()} == dict.fromkeys(codes, "timeout")
    over = {name: details["wall_seconds"] - TIMEOUT for name, details in ended.items()}
    assert max(over.values()) <= GRACE + 1.0 + 10 * lateness(), over
    assert min(over.values()) >= 0
    assert not any(details["cannot_be_killed"] for details in ended.values())
    assert processes(f"sleep {mark}") == []
    for name in ("silent", "gil"):
        log = (tmp_path / name / "log.txt").read_text()
        assert "most recent call first" in log
        assert "plugin.py" in log


def test_a_log_without_end_is_cut_to_its_last_part(tmp_path):
    carry_out(tmp_path, {"chatty": "while True:\n    print('x' * 100_000)\n"}, timeout=TIMEOUT)
    assert (tmp_path / "chatty" / "log.txt").stat().st_size < 2**30


def test_a_run_that_stops_its_supervisor_is_ended_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("tlbench.execution.local_pool.LATE_SECONDS", 0.5)
    stopping = "import os, signal, time\nwhile True:\n    os.kill(os.getppid(), signal.SIGSTOP)\n"
    ended = carry_out(tmp_path, {"stopping": stopping, "silent": SILENT}, timeout=TIMEOUT)
    assert ended["stopping"]["stopped"] in ("unkept", "timeout")
    assert ended["silent"]["stopped"] == "timeout"
