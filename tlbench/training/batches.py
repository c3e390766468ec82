"""Batches, drawn role by role and only when a loss asks for the role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlbench.core.inputs import Index, SparseRows
from tlbench.core.inputs import Inputs as Rows
from tlbench.core.run_spec import Training
from tlbench.core.seeds import derive
from tlbench.core.task import SourceView, TransferTask
from tlbench.training.sparse_inputs import SparseBatch, stays_sparse
from tlbench.training.views import View, view

#: Arrays up to this size are copied to a GPU once; larger ones are read from their memory map batch by batch, as on a
#: CPU all are that are not small: the system keeps what is read often, once for all runs.
RESIDENT_BYTES = {"cuda": 4 * 2**30, "cpu": 256 * 2**20}


#: The recipe of batches that are drawn outside a training: inputs as they are.
_PLAIN = Training.model_validate({})


class MissingRole(ValueError):
    """A strategy asked a batch for examples that its setting does not give."""


class Viewed:
    """Inputs (n, …) as drawn, of which views can be asked for."""

    raw: Tensor
    views: Views

    def view(self, kind: View) -> Tensor:
        """A `weak` or `strong` view (n, …) of the inputs, drawn anew each time; see `tlbench.training.views`."""
        return self.views.of(self.raw, kind)


@dataclass(frozen=True)
class Inputs(Viewed):
    """Inputs without labels (n, …), and their places in the array that they were drawn from, int64 (n,).

    With `augment = "weak"` the `inputs` are weak views; `raw` are those that were drawn.
    """

    inputs: Tensor
    index: Tensor
    raw: Tensor
    views: Views

    def __getattr__(self, name: str) -> Tensor:
        if name in ("labels", "domains"):
            raise AttributeError(f"{name!r}: these inputs come without labels, for the setting gives a strategy none")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


@dataclass(frozen=True)
class Labelled(Viewed):
    """Inputs (n, …), labels int64 (n,), and the index of the source domain that each comes from, int64 (n,).

    `index` are the places of the inputs among the training inputs of their domain, int64 (n,). With `augment = "weak"`
    the `inputs` are weak views; `raw` are those that were drawn.
    """

    inputs: Tensor
    labels: Tensor
    domains: Tensor
    index: Tensor
    raw: Tensor
    views: Views


@dataclass(frozen=True)
class Drawn:
    """What a pool gives: inputs (n, …), their places in its array, int64 (n,), and labels where it has any."""

    inputs: Tensor
    index: Tensor
    labels: Tensor | None


class Views:
    """Makes the views of one phase.

    Those that a loss asks for take their randomness from `generator`; those that all training sees from one of its own
    for each role, so that what one role is given does not depend on whether another was drawn.
    """

    def __init__(self, generator: torch.Generator, recipe: Training, seed: Callable[[str], int]) -> None:
        self._generator = generator
        self._recipe = recipe
        self._seed = seed
        self._by_role: dict[str, torch.Generator] = {}

    def of(self, inputs: Tensor, kind: View) -> Tensor:
        """A view of inputs (n, …)."""
        return view(inputs, kind, self._generator, self._recipe.mirror)

    def as_trained(self, inputs: Tensor, role: str) -> Tensor:
        """What training sees of the inputs (n, …) of a role: themselves, or a weak view where the suite says so."""
        if self._recipe.augment == "none":
            return inputs
        if role not in self._by_role:
            self._by_role[role] = torch.Generator(device=self._generator.device).manual_seed(self._seed(role))
        return view(inputs, "weak", self._by_role[role], self._recipe.mirror)


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
        self._resident = batch_tensor(inputs, slice(None), device) if _is_resident(inputs, device) else None
        self._labels = None if labels is None else torch.as_tensor(np.asarray(labels), device=device)

    def draw(self, count: int) -> Drawn:
        """The next `count` inputs, on the device."""
        chosen = self._order.take(count)
        index = torch.from_numpy(chosen).to(self._device)
        kept = self._resident
        inputs = batch_tensor(self._inputs, chosen, self._device) if kept is None else kept[index]
        return Drawn(inputs, index, None if self._labels is None else self._labels[index])


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

    def __init__(
        self, task: TransferTask, batch_size: int, device: str, recipe: Training | None = None, phase: int = 0
    ) -> None:
        self._task = task
        self._size = batch_size
        self._device = device
        # Strategies of one seed see the same inputs of a role in the same order, whatever their phase is called.
        self._purpose = () if phase == 0 else (f"phase {phase}",)
        self.generator = torch.Generator(device=device).manual_seed(self._seed("loss"))
        self._views = Views(self.generator, recipe or _PLAIN, lambda role: self._seed("views", role))
        self._sources: list[Pool] | None = None
        self._source_inputs: list[Pool] | None = None
        self._target: Pool | None = None
        self._labelled: Pool | None = None
        self.labelled_seen = 0
        self.unlabelled_seen = 0

    @property
    def has_source(self) -> bool:
        """Whether there are source examples."""
        return any(len(source.train) for source in self._task.sources)

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
        return self._labelled_batch(self._draw_evenly(self._sources), "source")

    def draw_source_inputs(self) -> Inputs:
        """`batch_size` source inputs."""
        if self._source_inputs is None:
            self._source_inputs = [
                self._pool(source.train.inputs, None, "source-inputs", source.name)
                for source in self._checked_sources()
            ]
        self.unlabelled_seen += self._size
        return self._inputs(self._draw_evenly(self._source_inputs), "source-inputs")

    def _checked_sources(self) -> Sequence[SourceView]:
        if not self._task.sources:
            raise MissingRole("this run has no source examples: it is a run without a source")
        if not all(len(source.train) for source in self._task.sources):
            raise MissingRole("a strategy that says `source_free = True` is given no source examples")
        return self._task.sources

    def _draw_evenly(self, pools: Sequence[Pool]) -> list[Drawn]:
        return [pool.draw(count) for pool, count in zip(pools, _even(self._size, len(pools)), strict=True)]

    def draw_target(self) -> Inputs:
        """`batch_size` target inputs."""
        if self._target is None:
            self._target = self._pool(self._task.target.inputs, None, "target")
        self.unlabelled_seen += self._size
        return self._inputs([self._target.draw(self._size)], "target")

    def draw_labelled_target(self) -> Labelled:
        """`batch_size` labelled target examples, with repetition where there are fewer."""
        if not len(self._task.target.labelled):
            raise MissingRole(f"the setting {self._task.setting!r} gives no labelled target examples")
        if self._labelled is None:
            examples = self._task.target.labelled_examples()
            self._labelled = self._pool(examples.inputs, examples.labels, "labelled-target")
        self.labelled_seen += self._size
        drawn = self._labelled.draw(self._size)
        places = torch.from_numpy(self._task.target.labelled).to(drawn.index.device)
        return self._labelled_batch([replace(drawn, index=places[drawn.index])], "labelled-target")

    def _inputs(self, parts: Sequence[Drawn], role: str) -> Inputs:
        raw = _joined([part.inputs for part in parts])
        index = _joined([part.index for part in parts])
        return Inputs(self._views.as_trained(raw, role), index, raw, self._views)

    def _labelled_batch(self, parts: Sequence[Drawn], role: str) -> Labelled:
        raw = _joined([part.inputs for part in parts])
        labels = [part.labels for part in parts if part.labels is not None]
        domains = [torch.full_like(part, number) for number, part in enumerate(labels)]
        index = _joined([part.index for part in parts])
        seen = self._views.as_trained(raw, role)
        return Labelled(seen, _joined(labels), _joined(domains), index, raw, self._views)

    def _pool(self, inputs: Rows, labels: NDArray[np.int64] | None, *purpose: str) -> Pool:
        return Pool(inputs, labels, self._seed(*purpose), self._device)

    def _seed(self, *purpose: str) -> int:
        return derive(self._task.seed, *self._purpose, *purpose)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _even(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


def _is_resident(inputs: Rows, device: str) -> bool:
    """Whether all inputs are kept on the device as a dense array: small ones, where no sparse product is faster."""
    if not isinstance(inputs, np.ndarray | SparseRows) or stays_sparse(inputs, device):
        return False
    size = prod(inputs.shape) * inputs.dtype.itemsize
    return size <= RESIDENT_BYTES[device.partition(":")[0]]


def batch_tensor(inputs: Rows, rows: Index, device: str) -> Tensor:
    """Some rows of inputs on the device. Sparse ones are a tensor too, whose values are made dense where needed."""
    if stays_sparse(inputs, device):
        assert isinstance(inputs, SparseRows)
        return SparseBatch.of(inputs.matrix[rows])
    return torch.from_numpy(np.array(inputs[rows])).to(device)  # a copy: memory maps are not writeable
