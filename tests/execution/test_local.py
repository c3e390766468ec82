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


# ---- precision ----------------------------------------------------------------------------------------------------


def cpu_with(monkeypatch, tmp_path, flags):
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor : 0\nmodel name : flags avx512_bf16\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr("tlbench.execution.device.CPU_INFO", file)


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        ("half", "'half': allowed are float32, tf32, bf16"),
        ("tf32", "CUDA devices alone; allowed here: float32$"),
        ("bf16", "no instructions for it .*avx512_bf16.*; allowed here: float32$"),
    ],
)
def test_a_precision_that_the_device_lacks_is_refused_with_those_it_has(monkeypatch, tmp_path, precision, words):
    cpu_with(monkeypatch, tmp_path, "avx2")
    with pytest.raises(TlbenchError, match=words):
        choose_machine("cpu", None, None, False, precision)


def test_a_cpu_that_says_nothing_of_itself_computes_in_float32_alone(monkeypatch, tmp_path):
    monkeypatch.setattr("tlbench.execution.device.CPU_INFO", tmp_path / "none")
    assert choose_machine("cpu", None, None, False).compute.precision == "float32"
    with pytest.raises(TlbenchError, match="no instructions"):
        choose_machine("cpu", None, None, False, "bf16")


@pytest.mark.parametrize(("capability", "refused"), [((7, 5), True), ((8, 0), False), ((9, 0), False)])
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_a_card_of_an_earlier_generation_is_refused(monkeypatch, precision, capability, refused):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Tesla T4")
    if not refused:
        assert choose_machine("cuda", None, None, False, precision).compute.precision == precision
        return
    with pytest.raises(TlbenchError, match=r"Tesla T4 has compute capability 7\.5, and 8\.0 is needed"):
        choose_machine("cuda", None, None, False, precision)


def test_a_cpu_with_instructions_for_it_computes_in_bf16(monkeypatch, tmp_path):
    cpu_with(monkeypatch, tmp_path, "avx2 avx512_bf16 amx_bf16")
    assert choose_machine("cpu", None, None, False, "bf16").compute.precision == "bf16"
