"""A strategy that searches its own process for labels, and writes down every array that could be them."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import torch

import tlbench


def arrays_in_memory():
    """Every integer array that some object of this process holds."""
    found = []
    for holder in gc.get_objects():
        for thing in (holder, *gc.get_referents(holder)):
            if isinstance(thing, np.ndarray) and thing.dtype.kind in "iu" and thing.ndim == 1:
                found.append(np.array(thing, dtype=np.int64))
            if isinstance(thing, torch.Tensor) and thing.ndim == 1 and not thing.is_floating_point():
                found.append(thing.detach().cpu().numpy().astype(np.int64))
            if (
                isinstance(thing, list)
                and len(thing) >= 100
                and all(type(item) is int and item < 2**62 for item in thing)
            ):
                found.append(np.array(thing, dtype=np.int64))
    return found


def files_in_reach():
    """Every file that is mapped or open, and every array file beside one."""
    maps = [line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    descriptors = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    named = [Path(name) for name in (*maps, *descriptors) if name.startswith("/")]
    beside = [file for path in named if path.suffix == ".npy" for file in path.parent.iterdir()]
    return {file for file in (*named, *beside) if file.suffix == ".npy"}


class Peek(tlbench.GradientStrategy):
    """Trains like source-only (without labels, on nothing in particular), then looks around."""

    settings = {"transductive", "inductive", "unsupervised"}
    without_source = "self"

    def loss(self, model, batch, progress):
        if not batch.has_source or not len(batch._batches._task.sources[0].train.labels):
            return model(batch.target.inputs).square().mean()
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)

    def fit(self, task, toolkit):
        predictor = super().fit(task, toolkit)
        found = arrays_in_memory()
        found += [array for file in files_in_reach() if (array := np.load(file)).ndim == 1]
        if task.sources:  # A(∅, T) of this strategy is itself
            np.savez(os.environ["TLBENCH_TEST_PEEK"], *found)
            Path(os.environ["TLBENCH_TEST_PEEK"]).with_suffix(".txt").write_text("\n".join(map(str, files_in_reach())))
        return predictor


class PeekWithoutSource(Peek):
    """The same from the source model alone."""

    settings = {"transductive"}
    uses_source_model = True
    start = "source-model"
    source_free = True
    without_source = "target-only"


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("peek", Peek)
    register("peek-without-source", PeekWithoutSource)
