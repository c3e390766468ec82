"""The five folds of the oracle where the target set is also the test set (`transductive-test`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import DataError
from tlbench.seeds import derive

FOLDS = 5


def draw_folds(
    labels: NDArray[np.int64], class_names: tuple[str, ...], seed: int, domain: str, revision: str
) -> NDArray[np.int64]:
    """The fold of each item, int64 (n,): stratified, of equal size up to one, a function of revision and seed alone.

    Raises `DataError`, naming domain and class, where a class has fewer examples than there are folds.
    """
    order = []
    for index, class_name in enumerate(class_names):
        members = np.flatnonzero(labels == index)
        if len(members) < FOLDS:
            message = f"domain {domain!r}: class {class_name!r} has {len(members)} examples, fewer than the {FOLDS} "
            raise DataError(message + "folds of the oracle under 'transductive-test'; use evaluation = 'held-out'")
        order.append(np.random.default_rng(derive(seed, "folds", revision, str(index))).permutation(members))
    folds = np.empty(len(labels), np.int64)
    # Dealt out class after class, so that both the classes and the folds come out even.
    folds[np.concatenate(order)] = np.arange(len(labels)) % FOLDS
    return folds
