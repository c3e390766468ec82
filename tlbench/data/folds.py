"""The five folds of the oracle where the target set is also the test set (`transductive-test`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import DataError
from tlbench.inputs import Inputs, digests
from tlbench.seeds import derive

FOLDS = 5


def identical(inputs: Inputs) -> NDArray[np.int64]:
    """For each row of `inputs` (n, …) the number of its group of exact copies, int64 (n,)."""
    # As bytes without meaning, for numpy's own strings of bytes lose zeros at their end.
    found = np.frombuffer(b"".join(digests(inputs)), np.dtype("V16"))
    groups: NDArray[np.int64] = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return groups


def draw_folds(
    labels: NDArray[np.int64],
    class_names: tuple[str, ...],
    seed: int,
    domain: str,
    revision: str,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The fold of each item, int64 (n,): stratified, of equal size up to one, a function of revision and seed alone.

    Items of one of `groups`, exact copies, share a fold, so that none is tested by what its copy has taught. Raises
    `DataError`, naming domain and class, where a class has fewer different examples than there are folds.
    """
    if groups is not None:
        firsts, group_of = np.unique(groups, return_index=True, return_inverse=True)[1:]
        return draw_folds(labels[firsts], class_names, seed, domain, revision)[group_of]
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
