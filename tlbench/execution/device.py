"""Which device, how many workers and threads, and why."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tlbench.core.run_spec import Compute, Precision
from tlbench.errors import TlbenchError

#: Threads of a run, the same on every machine.
DEFAULT_THREADS = 1
#: Products of bf16 in hardware: of x86, and of ARM.
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
#: The first compute capability of CUDA devices with bf16 and TF32.
FIRST_REDUCED = 8
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """What runs use: `device` as torch names it, `compute` as run keys have it, and the reason for each choice."""

    device: str
    workers: int
    compute: Compute
    choices: dict[str, str]


def choose_machine(
    device: str,
    workers: int | None,
    threads: int | None,
    deterministic: bool,
    precision: str = "float32",
) -> Machine:
    """Turn `--device`, `--workers`, `--threads`, `--precision` into a machine.

    Raises `TlbenchError` for what is not there.
    """
    choices: dict[str, str] = {}
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise TlbenchError(f"--device {device!r}: allowed are auto, cpu, cuda and cuda:N")
    found = _cuda_devices() if device != "cpu" else 0
    if device == "auto":
        device = "cuda:0" if found else "cpu"
        choices["device"] = "auto: a CUDA device is there" if found else "auto: there is no CUDA device"
    elif device.startswith("cuda"):
        index = int(device.partition(":")[2] or 0)
        if index >= found:
            raise TlbenchError(f"--device {device}: this machine has {found} CUDA devices; use --device cpu or auto")
        device = f"cuda:{index}"
    kind: Literal["cpu", "cuda"] = "cpu" if device == "cpu" else "cuda"
    if workers is None:
        workers = _cores() if kind == "cpu" else 1
        choices["workers"] = "one a core" if kind == "cpu" else "one on a CUDA device"
    if threads is None:
        threads = DEFAULT_THREADS
        choices["threads"] = "1, the same on every machine, because threads change the last bits"
    compute = Compute(device=kind, precision=_checked(precision, device), threads=threads, deterministic=deterministic)
    return Machine(device, workers, compute, choices)


def _checked(precision: str, device: str) -> Precision:
    """One of the precisions, which the device has. Raises `TlbenchError` for another."""
    known: dict[str, Precision] = {name: name for name in get_args(Precision)}
    if precision not in known:
        raise TlbenchError(f"precision {precision!r}: allowed are {', '.join(known)}")
    if (lacking := _lacks(known[precision], device)) is not None:
        here = [name for name in known.values() if _lacks(name, device) is None]
        raise TlbenchError(f"precision {precision!r}: {lacking}; allowed here: {', '.join(here)}")
    return known[precision]


def _lacks(precision: Precision, device: str) -> str | None:
    """Why a device does not compute in a precision by instructions of its own; None where it does."""
    if precision == "float32":
        return None
    if device == "cpu":
        if precision == "tf32":
            return "TF32 is of CUDA devices alone"
        if _cpu_flags() & BF16_FLAGS:
            return None
        return f"this CPU has no instructions for it ({', '.join(sorted(BF16_FLAGS))}), and would be slower than before"
    import torch

    # TF32 and bf16 came with the same generation of cards.
    major, minor = torch.cuda.get_device_capability(device)
    if major >= FIRST_REDUCED:
        return None
    name = torch.cuda.get_device_name(device)
    return f"{name} has compute capability {major}.{minor}, and {FIRST_REDUCED}.0 is needed"


def _cpu_flags() -> set[str]:
    """What the CPU can do, as Linux names it; nothing where that is not known."""
    try:
        text = CPU_INFO.read_text(errors="replace")
    except OSError:
        return set()
    lines = (line.partition(":") for line in text.splitlines())
    return next((set(value.split()) for name, _, value in lines if name.strip() in ("flags", "Features")), set())


def _cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()
