"""Splits that come with the data: a part of train set apart for validation, and copies on both sides of a split."""

from __future__ import annotations

import numpy as np

from tlbench.core.domain import Domain, Modality, Split
from tlbench.core.inputs import digests
from tlbench.core.inputs import take as rows_of
from tlbench.core.seeds import derive
from tlbench_datasets.shared.own_data import Indices

#: The share of an official train split that becomes val where there is no official one.
VAL_SHARE = 0.1


def with_validation(train: Split, *purpose: str) -> tuple[Split, Split]:
    """Train without a tenth, and the tenth: drawn by a seed of its own for each purpose, in the official order."""
    train_rows, val_rows = validation_rows(len(train), *purpose)
    return take(train, train_rows), take(train, val_rows)


def validation_rows(count: int, *purpose: str) -> tuple[Indices, Indices]:
    """The rows of train that stay, and those that become val."""
    order = np.random.default_rng(derive(0, "val", *purpose)).permutation(count)
    held = round(VAL_SHARE * count)
    return np.sort(order[held:]), np.sort(order[:held])


def take(split: Split, rows: Indices) -> Split:
    """Some rows of a split, by their numbers."""
    return Split(rows_of(split.inputs, rows), split.labels[rows])


def official_domain(
    name: str,
    modality: Modality,
    class_names: tuple[str, ...],
    train: Split,
    val: Split,
    test: Split,
    notes: tuple[str, ...] = (),
) -> Domain:
    """A domain with given splits. What stands in a later split as well is left out of an earlier one, and counted.

    So nothing is ever left out of test, and figures on it can be set beside others.
    """
    held = set(digests(test.inputs))
    val, val_note = _without(val, held, "val", "test")
    held |= set(digests(val.inputs))
    train, train_note = _without(train, held, "train", "val or test")
    return Domain(name, modality, class_names, train, val, test, (*notes, *val_note, *train_note))


def _without(split: Split, held: set[bytes], name: str, later: str) -> tuple[Split, tuple[str, ...]]:
    fresh = np.array([row for row, content in enumerate(digests(split.inputs)) if content not in held], dtype=np.int64)
    if len(fresh) == len(split):
        return split, ()
    note = (
        f"{len(split) - len(fresh)} of {len(split)} examples of {name} are left out, for copies of them are in {later}"
    )
    return take(split, fresh), (note,)
