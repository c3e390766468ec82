"""Splits made of those on disk: all of a domain for `transductive-test`, and some of its classes alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tlbench.core.domain import SPLITS, SplitName
from tlbench.core.seeds import derive
from tlbench.data.array_storage import open_inputs, write_array, write_inputs
from tlbench.data.ready_domain import ReadyDomain

#: Of which splits those of `transductive-test` are made: with validation data kept back for selectors, and without.
WHOLE: Mapping[SplitName, tuple[SplitName, ...]] = {"train": ("train", "test"), "val": ("val",), "test": SPLITS}
NOTHING_KEPT: Mapping[SplitName, tuple[SplitName, ...]] = {"train": SPLITS, "val": (), "test": SPLITS}


def whole_domain(parts: ReadyDomain, *, validation: bool) -> ReadyDomain:
    """The splits of `transductive-test`, joined from those of the dataset and permuted anew.

    Without `validation`, a source is trained on all of it. Where there are no validation data both are the same.
    """
    kept = validation or not parts.counts["val"]
    made_of, folder = (WHOLE, "whole") if kept else (NOTHING_KEPT, "whole-without-val")
    counts: dict[str, int] = {split: sum(parts.counts[name] for name in names) for split, names in made_of.items()}
    whole = replace(
        parts,
        counts=counts,
        folder=parts.folder / folder,
        label_folder=parts.label_folder / folder,
        as_loaded=parts.as_loaded and whole_domain(parts.as_loaded, validation=validation),
    )
    for split, names in made_of.items():
        order = np.random.default_rng(derive(0, "order", parts.revision, "whole", split)).permutation(counts[split])
        joined = names or SPLITS[:1]  # of which no row is taken
        if not (whole.label_folder / f"{split}.npy").exists():
            labels = np.concatenate([parts.labels(name) for name in joined])
            write_array(whole.label_folder / f"{split}.npy", labels[order])
        if not whole.inputs(split).exists():
            write_inputs(whole.inputs(split), [open_inputs(parts.inputs(name)) for name in joined], order)
    return whole


def of_classes(domain: ReadyDomain, classes: tuple[str, ...]) -> ReadyDomain:
    """The examples of some of a domain's classes, in the order in which they were; labels count these classes."""
    name = hashlib.sha256(repr((domain.revision, classes)).encode()).hexdigest()[:16]
    index = np.full(len(domain.class_names), -1, np.int64)
    index[[domain.class_names.index(kept) for kept in classes]] = np.arange(len(classes))
    rows = {split: np.flatnonzero(index[domain.labels(split)] >= 0) for split in SPLITS}
    some = replace(
        domain,
        revision=name,
        class_names=classes,
        counts={split: len(kept) for split, kept in rows.items()},
        folder=domain.folder / "classes" / name,
        label_folder=domain.label_folder / "classes" / name,
        as_loaded=domain.as_loaded and of_classes(domain.as_loaded, classes),
    )
    for split, kept in rows.items():
        if not (some.label_folder / f"{split}.npy").exists():
            write_array(some.label_folder / f"{split}.npy", index[domain.labels(split)[kept]])
        if not some.inputs(split).exists():
            write_inputs(some.inputs(split), [open_inputs(domain.inputs(split))], kept)
    return some
