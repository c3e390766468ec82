"""Seconds of training, and examples per second."""

from __future__ import annotations

import time

import torch

#: Steps left out of the throughput: allocation and kernel choice happen in them.
WARM_UP_STEPS = 10


class Clock:
    """Seconds of the loop, and examples per second after the warm-up; the device is synchronised before reading.

    `first` is the last step before the loop.
    """

    def __init__(self, device: torch.device, first: int = 0) -> None:
        self._device = device
        self._warm_up = first + WARM_UP_STEPS
        self._start = self._warm = self._now()
        self._examples_at_warm = 0

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def tick(self, step: int, examples: int) -> None:
        """Note the end of the warm-up."""
        if step == self._warm_up:
            self._warm, self._examples_at_warm = self._now(), examples

    def read(self, last: int, examples: int) -> tuple[float, float | None]:
        """Seconds and examples per second after step `last`; None for the latter where all was warm-up."""
        end = self._now()
        rate = (examples - self._examples_at_warm) / (end - self._warm) if last > self._warm_up else None
        return end - self._start, rate
