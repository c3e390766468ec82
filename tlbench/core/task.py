"""What a strategy is given: the data that its setting allows, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, take
from tlbench.core.run_spec import Setting, Shots


@dataclass(frozen=True)
class TaskOutline:
    """What is known of a task before any data is read: enough to say whether a strategy applies.

    `sources` are domains; where the backbone's pretrained weights are the source, there are none and `weights_alone`.
    """

    setting: Setting
    shots: Shots | None
    sources: tuple[str, ...]
    target: str
    same_label_space: bool
    weights_alone: bool = False


@dataclass(frozen=True)
class Examples:
    """`inputs` (n, …) as in `tlbench.core.domain.Split`, `labels` int64 (n,), or (0,) where they are not given."""

    inputs: Inputs
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class SourceView:
    """A source domain: its training and validation examples, labelled except in `unsupervised`."""

    name: str
    class_names: tuple[str, ...]
    train: Examples
    val: Examples


@dataclass(frozen=True)
class TargetView:
    """The target domain: all training inputs (n, …), and labels for `labelled` (indices into them) alone.

    In `transductive` and `unsupervised` no example is labelled. There is no test split here.
    """

    name: str
    class_names: tuple[str, ...]
    inputs: Inputs
    labelled: NDArray[np.int64]
    labels: NDArray[np.int64]

    def labelled_examples(self) -> Examples:
        """The labelled target examples; empty where the setting gives none."""
        return Examples(take(self.inputs, self.labelled), self.labels)


@dataclass(frozen=True)
class TransferTask:
    """A pair under a setting. `sources` is empty for a run without a source; `seed` is the run's."""

    setting: Setting
    shots: Shots | None
    sources: tuple[SourceView, ...]
    target: TargetView
    input_shape: tuple[int, ...]
    seed: int

    @property
    def class_names(self) -> tuple[str, ...]:
        """The target's classes, which are those that predictions are about."""
        return self.target.class_names

    @property
    def same_label_space(self) -> bool:
        """Whether every source has the target's classes, in the same order."""
        return all(source.class_names == self.target.class_names for source in self.sources)
