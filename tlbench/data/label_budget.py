"""Which target examples are labelled: the same for every strategy, and fewer always a subset of more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.run_spec import Shots, examples_of
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

    A number of examples in all is drawn in the shares that classes have, one of each class at least.
    """
    if shots == "all":
        return np.arange(len(labels))
    if (count := examples_of(shots)) is not None:
        return _draw_examples(labels, class_names, count, seed, domain, revision, split)
    chosen = []
    for index, class_name in enumerate(class_names):
        members = np.flatnonzero(labels == index)
        wanted = shots if isinstance(shots, int) else max(1, round(float(shots) * len(members)))
        if len(members) < wanted:
            message = f"domain {domain!r}, {split}: class {class_name!r} has {len(members)} examples, "
            raise DataError(message + f"fewer than shots = {shots}; lower shots, or use shots = 'all'")
        order = np.random.default_rng(derive(seed, "shots", revision, domain, split, str(index)))
        chosen.append(order.permutation(members)[:wanted])
    return np.sort(np.concatenate(chosen))


def _draw_examples(
    labels: NDArray[np.int64],
    class_names: tuple[str, ...],
    count: int,
    seed: int,
    domain: str,
    revision: str,
    split: SplitName,
) -> NDArray[np.int64]:
    """The first of an order that begins with one of each class and goes on in the shares of the classes."""
    place = f"domain {domain!r}, {split}"
    if count > len(labels):
        raise DataError(
            f"{place}: {len(labels)} examples, fewer than examples = {count}; lower it, or use shots = 'all'"
        )
    if count < len(class_names):
        message = f"examples = {count} is fewer than the {len(class_names)} classes, and each needs one"
        raise DataError(f"{place}: {message}; raise it")
    order = np.empty(len(labels))
    for index, class_name in enumerate(class_names):
        members = np.flatnonzero(labels == index)
        if not len(members):
            raise DataError(f"{place}: class {class_name!r} has no example, and each class needs one")
        random = np.random.default_rng(derive(seed, "examples", revision, domain, split, str(index)))
        # At a share of a class's examples that is the same share of all, at a place of its own between two.
        order[random.permutation(members)] = (np.arange(len(members)) + random.random()) / len(members)
        order[members[np.argmin(order[members])]] = -1.0
    return np.sort(np.argsort(order, kind="stable")[:count])
