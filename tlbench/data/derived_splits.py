"""Splits made of those on disk: all of a domain for `transductive-test`, and some of its classes alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, SplitName
from tlbench.core.inputs import Inputs
from tlbench.data.array_storage import open_inputs, write_array, write_inputs
from tlbench.data.cache_use import use
from tlbench.data.checksums import set_aside_damaged, sound_names, write_checksums
from tlbench.data.domain_view import DomainView
from tlbench.data.item_names import ItemNames, whole_order
from tlbench.data.ready_domain import ReadyDomain

#: Of which splits those of `transductive-test` are made: with validation data kept back for selectors, and without.
WHOLE: Mapping[SplitName, tuple[SplitName, ...]] = {"train": ("train", "test"), "val": ("val",), "test": SPLITS}
NOTHING_KEPT: Mapping[SplitName, tuple[SplitName, ...]] = {"train": SPLITS, "val": (), "test": SPLITS}
_Rows = NDArray[np.int64]
#: The files of a folder of labels.
LABELS = [f"{split}.npy" for split in SPLITS]
_WHOLE, _NOTHING_KEPT, _CLASSES = "whole", "whole-without-val", "classes"


def seen(splits: ReadyDomain, view: DomainView) -> ReadyDomain:
    """What a view shows of splits on disk, made now where it is not yet."""
    use(splits.folder)
    if _cuts(splits, view):
        assert view.classes is not None
        splits = of_classes(splits, view.classes)
    return splits if view.evaluation == "held-out" else whole_domain(splits, validation=view.validation)


def seen_names(names: ItemNames, splits: ReadyDomain, view: DomainView) -> ItemNames:
    """What users call the examples that a view shows, where `names` are those of the splits on disk."""
    if _cuts(splits, view):
        assert view.classes is not None
        names = names.only({split: rows for split, (rows, _) in _kept(splits, view.classes).items()})
        splits = of_classes(splits, view.classes)
    if view.evaluation == "held-out":
        return names
    return names.joined(_made_of(splits, validation=view.validation)[0], splits.revision)


def derived_folders(folder: Path) -> list[Path]:
    """A folder of splits, and where those lie that may have been made of them."""
    every = [folder, *sorted((folder / _CLASSES).glob("*"))]
    return [place for each in every for place in (each, each / _WHOLE, each / _NOTHING_KEPT)]


def whole_domain(parts: ReadyDomain, *, validation: bool) -> ReadyDomain:
    """The splits of `transductive-test`, joined from those of the dataset and permuted anew.

    Without `validation`, a source is trained on all of it. Where there are no validation data both are the same.
    """
    made_of, folder = _made_of(parts, validation=validation)
    counts: dict[str, int] = {split: sum(parts.counts[name] for name in names) for split, names in made_of.items()}
    whole = replace(
        parts,
        counts=counts,
        folder=parts.folder / folder,
        label_folder=parts.label_folder / folder,
        as_loaded=parts.as_loaded and whole_domain(parts.as_loaded, validation=validation),
    )

    def rows(split: SplitName) -> tuple[Sequence[SplitName], NDArray[np.int64]]:
        # Of nothing at all, no row of the first split is taken.
        return made_of[split] or SPLITS[:1], whole_order(parts.revision, split, counts[split])

    def labels(split: SplitName) -> NDArray[np.int64]:
        names, order = rows(split)
        return np.concatenate([parts.labels(name) for name in names])[order]

    def inputs(split: SplitName) -> tuple[list[Inputs], NDArray[np.int64]]:
        names, order = rows(split)
        return [open_inputs(parts.inputs(name)) for name in names], order

    _write(whole, labels, inputs)
    return whole


def of_classes(domain: ReadyDomain, classes: tuple[str, ...]) -> ReadyDomain:
    """The examples of some of a domain's classes, in the order in which they were; labels count these classes."""
    name = hashlib.sha256(repr((domain.revision, classes)).encode()).hexdigest()[:16]
    kept = _kept(domain, classes)
    some = replace(
        domain,
        revision=name,
        class_names=classes,
        counts={split: len(rows) for split, (rows, _) in kept.items()},
        folder=domain.folder / _CLASSES / name,
        label_folder=domain.label_folder / _CLASSES / name,
        as_loaded=domain.as_loaded and of_classes(domain.as_loaded, classes),
    )
    _write(some, lambda split: kept[split][1], lambda split: ([open_inputs(domain.inputs(split))], kept[split][0]))
    return some


def _cuts(splits: ReadyDomain, view: DomainView) -> bool:
    return view.classes is not None and view.classes != splits.class_names


def _kept(domain: ReadyDomain, classes: tuple[str, ...]) -> dict[SplitName, tuple[_Rows, _Rows]]:
    """By split the rows of these classes, and their labels."""
    index = np.full(len(domain.class_names), -1, np.int64)
    index[[domain.class_names.index(kept) for kept in classes]] = np.arange(len(classes))
    labels = {split: index[domain.labels(split)] for split in SPLITS}
    return {split: (np.flatnonzero(every >= 0), every[every >= 0]) for split, every in labels.items()}


def _made_of(parts: ReadyDomain, *, validation: bool) -> tuple[Mapping[SplitName, tuple[SplitName, ...]], str]:
    """Of which splits those of `transductive-test` are made, and the name of their folder."""
    return (WHOLE, _WHOLE) if validation or not parts.counts["val"] else (NOTHING_KEPT, _NOTHING_KEPT)


def _write(
    derived: ReadyDomain,
    labels: Callable[[SplitName], NDArray[np.int64]],
    inputs: Callable[[SplitName], tuple[list[Inputs], NDArray[np.int64]]],
) -> None:
    """Write what is not there of derived splits, or not whole."""
    for place in (derived.folder, derived.label_folder):
        if place.exists():
            set_aside_damaged(place)
    sound, sound_labels = sound_names(derived.folder), sound_names(derived.label_folder)
    for split in SPLITS:
        if f"{split}.npy" not in sound_labels:
            write_array(derived.label_folder / f"{split}.npy", labels(split))
        if derived.inputs(split).name not in sound:
            write_inputs(derived.inputs(split), *inputs(split))
    if len(sound) < len(SPLITS):
        write_checksums(derived.folder, [derived.inputs(split).name for split in SPLITS])
    if len(sound_labels) < len(SPLITS):
        write_checksums(derived.label_folder, LABELS)
