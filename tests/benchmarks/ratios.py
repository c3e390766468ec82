"""What a row of the table is: our way beside a bare one, in turns, in seconds of the processor."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

#: What is measured says itself how long it took, so that what has to be made ready for it does not count.
Timed = Callable[[], float]
ROUNDS = 5


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor that a piece of work takes in this process: others on the machine hardly change them."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(benchmark: Any, row: str, ours: Timed, bare: Mapping[str, Timed], goal: str, rounds: int = ROUNDS) -> None:
    """Measure all in turns and note the medians, and our ratio to the fastest of the others; nothing is asserted."""
    seconds: dict[str, list[float]] = {name: [] for name in ("tlbench", *bare)}

    def take_turns() -> None:
        for name, timed in bare.items():
            seconds[name].append(timed())

    if benchmark.disabled:  # each is done once, to see that it can be; there is nothing to compare
        for timed in bare.values():
            timed()
        benchmark(ours)
        return
    benchmark.pedantic(lambda: seconds["tlbench"].append(ours()), setup=take_turns, rounds=rounds, warmup_rounds=1)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}  # the first warms up
    fastest = min(bare, key=lambda name: medians[name])
    ratio = medians["tlbench"] / medians[fastest]
    benchmark.extra_info.update(row=row, seconds=medians, beside=fastest, ratio=ratio, goal=goal, rounds=rounds)
