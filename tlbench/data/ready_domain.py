"""A domain that is made ready: where its inputs are, apart from its labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.data.array_storage import Storage, place_of
from tlbench.data.checksums import faults
from tlbench.errors import DataError


@dataclass(frozen=True)
class ReadyDomain:
    """A domain on disk. `inputs(split)` is a path a worker may be given; `labels(split)` is for the host."""

    name: str
    revision: str
    class_names: tuple[str, ...]
    modality: str
    input_shape: tuple[int, ...]
    counts: dict[str, int]
    folder: Path
    label_folder: Path
    storage: Storage = "array"
    #: What it took to prepare its inputs for a backbone, once for all runs.
    prepared_seconds: float = 0.0
    #: Whether the seed of a run has drawn its splits.
    redrawn: bool = False
    #: The domain before that, in the same order; None where nothing was prepared.
    as_loaded: ReadyDomain | None = None

    def inputs(self, split: SplitName) -> Path:
        """Where a split's inputs are."""
        return place_of(self.folder, f"{split}.inputs", self.storage)

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """The labels of a split, int64 (n,). Only the host calls this."""
        path = self.label_folder / f"{split}.npy"
        if fault := faults(self.label_folder).get(path.name):
            raise DataError(f"the labels {path} are no longer what was written: the file {fault}; run again")
        try:
            labels: NDArray[np.int64] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}; remove the folder {path.parent} to make it anew") from error
        return labels
