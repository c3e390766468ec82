"""Which target examples are labelled: the same for every strategy, and fewer always a subset of more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.run_spec import Shots
from tlbench.core.seeds import derive
from tlbench.errors import DataError


def draw_shots(
    labels: NDArray[np.int64],
    class_names: tuple[str, ...],
    shots: Shots,
    seed: int,
    domain: str,
    revision: str,
    split: SplitName = "train",
) -> NDArray[np.int64]:
    """Indices (sorted) of `shots` examples per class, a function of revision, domain, split and seed alone.

    A share below 1 is taken of each class, rounded, at least one example. Fewer are always a subset of more. Raises
    `DataError`, naming domain, split and class, where a class has fewer than asked for, or none.
    """
    if shots == "all":
        return np.arange(len(labels))
    chosen = []
    for index, class_name in enumerate(class_names):
        members = np.flatnonzero(labels == index)
        wanted = shots if isinstance(shots, int) else max(1, round(shots * len(members)))
        if len(members) < wanted:
            message = f"domain {domain!r}, {split}: class {class_name!r} has {len(members)} examples, "
            raise DataError(message + f"fewer than shots = {shots}; lower shots, or use shots = 'all'")
        order = np.random.default_rng(derive(seed, "shots", revision, domain, split, str(index)))
        chosen.append(order.permutation(members)[:wanted])
    return np.sort(np.concatenate(chosen))
