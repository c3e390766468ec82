"""What must hold of a domain before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tlbench.core.domain import SPLITS, Domain, Split, SplitName
from tlbench.core.inputs import Inputs, SparseRows, Texts, chunks, digests
from tlbench.errors import Faults

#: How many examples a message names.
SHOWN = 3


def check_domain(dataset: str, domain: Domain) -> None:
    """Raise `Faults` naming domain, split and class for everything that is wrong."""
    faults = [fault for name in SPLITS for fault in _split_faults(domain, name, domain.split(name))]
    faults += list(_absent_classes(domain))
    faults += list(_shared_examples(domain))
    if faults:
        raise Faults(f"dataset {dataset!r}, domain {domain.name!r} cannot be used", faults)


def _split_faults(domain: Domain, name: str, split: Split) -> Iterator[str]:
    if len(split.inputs) != len(split.labels):
        yield f"{name}: {len(split.inputs)} inputs but {len(split.labels)} labels"
        return
    if not len(split):
        if name != "val":  # without validation data there is less to select by, and nothing else is lost
            yield f"{name}: no examples"
        return
    classes = len(domain.class_names)
    if not np.issubdtype(split.labels.dtype, np.integer):
        yield f"{name}: labels are {split.labels.dtype}; they must be whole numbers below {classes}"
    elif split.labels.min() < 0 or split.labels.max() >= classes:
        wrong = split.labels[(split.labels < 0) | (split.labels >= classes)]
        yield f"{name}: label {wrong[0]} is not among the {classes} classes (0 to {classes - 1})"
    broken = list(_not_finite(split.inputs))
    if broken:
        label = int(split.labels[broken[0]])
        named = domain.class_names[label] if 0 <= label < classes else str(label)
        yield f"{name}: {len(broken)} inputs hold NaN or infinity, the first at {broken[0]} (class {named!r})"


def _not_finite(inputs: Inputs) -> Iterator[int]:
    """The rows that hold NaN or infinity."""
    if isinstance(inputs, SparseRows):
        wrong = np.flatnonzero(~np.isfinite(inputs.data))
        yield from np.unique(np.searchsorted(inputs.indptr, wrong, side="right") - 1).tolist()
    elif not isinstance(inputs, Texts) and np.issubdtype(inputs.dtype, np.floating):
        for at, block in chunks(inputs):
            finite = np.isfinite(block.reshape(len(block), -1)).all(axis=1)
            yield from (at + np.flatnonzero(~finite)).tolist()


def _absent_classes(domain: Domain) -> Iterator[str]:
    for name in ("train", "test"):
        present = set(np.unique(domain.split(name).labels).tolist())
        for index, class_name in enumerate(domain.class_names):
            if index not in present:
                yield f"{name}: class {class_name!r} has no example"


def _shared_examples(domain: Domain) -> Iterator[str]:
    """Exact duplicates within a domain must not straddle its splits: what was trained on would be tested."""
    seen: dict[bytes, tuple[SplitName, int]] = {}
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in SPLITS:
        split = domain.split(name)
        for at, (content, label) in enumerate(zip(digests(split.inputs), split.labels.tolist(), strict=False)):
            first, place = seen.setdefault(content, (name, at))
            if first != name:
                class_name = domain.class_names[label] if 0 <= label < len(domain.class_names) else str(label)
                same = f"{_item(split, at)} equals {_item(domain.split(first), place)} of {first}"
                found.setdefault((first, name, class_name), []).append(same)
    for (earlier, later, class_name), places in found.items():
        shown = "; ".join(places[:SHOWN]) + (f"; and {len(places) - SHOWN} more" if len(places) > SHOWN else "")
        stand = "1 example" if len(places) == 1 else f"{len(places)} examples"
        verb = "stands" if len(places) == 1 else "stand"
        yield f"{later}: {stand} of class {class_name!r} {verb} in {earlier} too ({shown}); splits must not overlap"


def _item(split: Split, at: int) -> str:
    """What users call an example, or its place from 0 on."""
    return f"example {at}" if split.items is None else split.items[at]
