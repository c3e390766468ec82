"""Which device, how many workers and threads, and why."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from tlbench.core.run_spec import Compute
from tlbench.errors import TlbenchError


@dataclass(frozen=True)
class Machine:
    """What runs use: `device` as torch names it, `compute` as run keys have it, and the reason for each choice."""

    device: str
    workers: int
    compute: Compute
    choices: dict[str, str]


def choose_machine(device: str, workers: int | None, threads: int | None, deterministic: bool) -> Machine:
    """Turn `--device`, `--workers`, `--threads` into a machine. Raises `TlbenchError` for what is not there."""
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
        threads = 1
        choices["threads"] = "1, the same on every machine, because threads change the last bits"
    return Machine(device, workers, Compute(device=kind, threads=threads, deterministic=deterministic), choices)


def _cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()
