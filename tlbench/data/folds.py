"""The five folds of the oracle where the target set is also the test set (`transductive-test`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.inputs import Inputs, digests
from tlbench.core.seeds import derive
from tlbench.data.array_storage import open_inputs
from tlbench.data.ready_domain import ReadyDomain
from tlbench.errors import DataError

FOLDS = 5


def folds_of(domain: ReadyDomain, split: SplitName, seed: int) -> NDArray[np.int64]:
    """The fold of each item of a split, int64 (n,), copies together. Raises `DataError` as `draw_folds` does.

    Copies are those of the inputs as they were loaded, so that folds are those of every backbone: features of copies
    may differ in a bit.
    """
    copies = _copies((domain.as_loaded or domain).inputs(split))
    return draw_folds(domain.labels(split), domain.class_names, seed, domain.name, domain.revision, copies)


@lru_cache
def _copies(path: Path) -> NDArray[np.int64]:
    """The groups of copies in a file; its place holds the revision of what is in it."""
    return identical(open_inputs(path))


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
