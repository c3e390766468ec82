"""Batches, drawn role by role and only when a loss asks for the role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlbench.core.inputs import Index
from tlbench.core.inputs import Inputs as Rows
from tlbench.core.seeds import derive
from tlbench.core.task import SourceView, TransferTask

#: Arrays up to this size are copied to a GPU once; larger ones are read from their memory map batch by batch, as on a
#: CPU all are that are not small: the system keeps what is read often, once for all runs.
RESIDENT_BYTES = {"cuda": 4 * 2**30, "cpu": 256 * 2**20}


class MissingRole(ValueError):
    """A strategy asked a batch for examples that its setting does not give."""


@dataclass(frozen=True)
class Inputs:
    """Inputs without labels (n, …)."""

    inputs: Tensor

    def __getattr__(self, name: str) -> Tensor:
        if name in ("labels", "domains"):
            raise AttributeError(f"{name!r}: these inputs come without labels, for the setting gives a strategy none")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


@dataclass(frozen=True)
class Labelled:
    """Inputs (n, …), labels int64 (n,), and the index of the source domain that each comes from, int64 (n,)."""

    inputs: Tensor
    labels: Tensor
    domains: Tensor


class Shuffled:
    """Endless indices below `size`: one permutation after another, from a generator of its own."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._generator = np.random.default_rng(seed)
        self._rest: NDArray[np.int64] = np.empty(0, np.int64)

    def take(self, count: int) -> NDArray[np.int64]:
        """The next `count` indices. Where `count` exceeds what is left, a new permutation is appended."""
        while len(self._rest) < count:
            self._rest = np.concatenate([self._rest, self._generator.permutation(self._size)])
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


class Pool:
    """One array of inputs, with labels or without, from which batches are drawn."""

    def __init__(
        self,
        inputs: Rows,
        labels: NDArray[np.int64] | None,
        seed: int,
        device: str,
    ) -> None:
        self._device = device
        self._order = Shuffled(len(inputs), seed)
        self._inputs = inputs
        # What is sparse stays so: a batch alone is made dense.
        resident = isinstance(inputs, np.ndarray) and inputs.nbytes <= RESIDENT_BYTES[device.partition(":")[0]]
        self._resident = batch_tensor(inputs, slice(None), device) if resident else None
        self._labels = None if labels is None else torch.as_tensor(np.asarray(labels), device=device)

    def draw(self, count: int) -> tuple[Tensor, Tensor | None]:
        """The next `count` inputs and their labels, on the device."""
        chosen = self._order.take(count)
        index = torch.from_numpy(chosen).to(self._device)
        kept = self._resident
        inputs = batch_tensor(self._inputs, chosen, self._device) if kept is None else kept[index]
        return inputs, None if self._labels is None else self._labels[index]


class Batch:
    """The examples of one step. A role is drawn when it is first touched, and only then counts as seen."""

    def __init__(self, batches: Batches, step: int) -> None:
        self._batches = batches
        self.step = step
        self._source: Labelled | None = None
        self._source_inputs: Inputs | None = None
        self._target: Inputs | None = None
        self._labelled_target: Labelled | None = None

    @property
    def generator(self) -> torch.Generator:
        """Where a loss takes its randomness from."""
        return self._batches.generator

    @property
    def source(self) -> Labelled:
        """Labelled source examples, divided evenly over several sources."""
        if self._source is None:
            self._source = self._batches.draw_source()
        return self._source

    @property
    def has_source(self) -> bool:
        """Whether there are source examples: a run without a source, or from weights alone, has none."""
        return self._batches.has_source

    @property
    def source_inputs(self) -> Inputs:
        """Source inputs without labels, divided evenly over several sources; `unsupervised` gives nothing more."""
        if self._source_inputs is None:
            self._source_inputs = self._batches.draw_source_inputs()
        return self._source_inputs

    @property
    def target(self) -> Inputs:
        """Target training inputs without labels."""
        if self._target is None:
            self._target = self._batches.draw_target()
        return self._target

    @property
    def has_labelled_target(self) -> bool:
        """Whether the setting gives any labelled target examples."""
        return self._batches.has_labelled_target

    @property
    def labelled_target(self) -> Labelled:
        """The labelled target examples of the setting `inductive`."""
        if self._labelled_target is None:
            self._labelled_target = self._batches.draw_labelled_target()
        return self._labelled_target


class Batches:
    """Draws batches for one training phase and counts what was seen."""

    def __init__(self, task: TransferTask, batch_size: int, device: str, phase: str) -> None:
        self._task = task
        self._size = batch_size
        self._device = device
        self._phase = phase
        self.generator = torch.Generator(device=device).manual_seed(derive(task.seed, phase, "loss"))
        self._sources: list[Pool] | None = None
        self._source_inputs: list[Pool] | None = None
        self._target: Pool | None = None
        self._labelled: Pool | None = None
        self.labelled_seen = 0
        self.unlabelled_seen = 0

    @property
    def has_source(self) -> bool:
        """Whether there are source examples."""
        return bool(self._task.sources)

    @property
    def has_labelled_target(self) -> bool:
        """Whether any target example is labelled."""
        return len(self._task.target.labelled) > 0

    def draw_source(self) -> Labelled:
        """`batch_size` labelled source examples."""
        if self._task.setting == "unsupervised":
            raise MissingRole("the setting 'unsupervised' gives no source labels; use `batch.source_inputs`")
        if self._sources is None:
            self._sources = [
                self._pool(source.train.inputs, source.train.labels, "source", source.name)
                for source in self._checked_sources()
            ]
        self.labelled_seen += self._size
        return _join(self._draw_evenly(self._sources))

    def draw_source_inputs(self) -> Inputs:
        """`batch_size` source inputs."""
        if self._source_inputs is None:
            self._source_inputs = [
                self._pool(source.train.inputs, None, "source-inputs", source.name)
                for source in self._checked_sources()
            ]
        self.unlabelled_seen += self._size
        return Inputs(torch.cat([inputs for inputs, _ in self._draw_evenly(self._source_inputs)]))

    def _checked_sources(self) -> Sequence[SourceView]:
        if not self._task.sources:
            raise MissingRole("this run has no source examples: it is a run without a source")
        return self._task.sources

    def _draw_evenly(self, pools: Sequence[Pool]) -> list[tuple[Tensor, Tensor | None]]:
        return [pool.draw(count) for pool, count in zip(pools, _even(self._size, len(pools)), strict=True)]

    def draw_target(self) -> Inputs:
        """`batch_size` target inputs."""
        if self._target is None:
            self._target = self._pool(self._task.target.inputs, None, "target")
        self.unlabelled_seen += self._size
        return Inputs(self._target.draw(self._size)[0])

    def draw_labelled_target(self) -> Labelled:
        """`batch_size` labelled target examples, with repetition where there are fewer."""
        if not len(self._task.target.labelled):
            raise MissingRole(f"the setting {self._task.setting!r} gives no labelled target examples")
        if self._labelled is None:
            examples = self._task.target.labelled_examples()
            self._labelled = self._pool(examples.inputs, examples.labels, "labelled-target")
        self.labelled_seen += self._size
        return _join([self._labelled.draw(self._size)])

    def _pool(self, inputs: Rows, labels: NDArray[np.int64] | None, *purpose: str) -> Pool:
        return Pool(inputs, labels, derive(self._task.seed, self._phase, *purpose), self._device)


def _join(parts: Sequence[tuple[Tensor, Tensor | None]]) -> Labelled:
    labels = [part_labels for _, part_labels in parts if part_labels is not None]
    domains = [torch.full_like(part_labels, index) for index, part_labels in enumerate(labels)]
    return Labelled(torch.cat([inputs for inputs, _ in parts]), torch.cat(labels), torch.cat(domains))


def _even(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def batch_tensor(inputs: Rows, rows: Index, device: str) -> Tensor:
    """Some rows of inputs, dense, on the device."""
    return torch.from_numpy(np.array(inputs[rows])).to(device)  # a copy: memory maps are not writeable
