"""Inputs as a backbone asks for them, made once and kept beside those that they were made from.

<domain>/prepared/<hash of the preparation's revision>/   train.inputs.npy, val.inputs.npy, test.inputs.npy, meta.json

or folders `train.inputs/`, `val.inputs/`, `test.inputs/` of sparse rows.

<domain>/../prepared/<hash of that and of all examples>/   train.inputs.npy, meta.json

Where each seed draws its own splits, these hold the same examples: they are prepared once, in an order that no split
decides, and the splits of each seed are taken from there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, SplitName
from tlbench.core.inputs import Gathered, Inputs, SparseRows, Texts, digests, join
from tlbench.core.preparation import Preparation
from tlbench.data.array_storage import Storage, new_map, open_inputs, place_of, storage_of, write_inputs
from tlbench.data.cache_use import use
from tlbench.data.checksums import set_aside_damaged, write_checksums
from tlbench.data.ready_domain import ReadyDomain
from tlbench.errors import DataError
from tlbench.files import write_whole

#: Examples that are handed to a preparation at a time.
EXAMPLES = 256
META = "meta.json"

#: Hears how many examples are made, of how many.
Told = Callable[[int, int], None]


def prepared(domain: ReadyDomain, preparation: Preparation, device: str, told: Told) -> ReadyDomain:
    """The domain with what a preparation makes of its inputs on a device, under the same labels.

    Raises `DataError` where what is made has not a row for every example, or not one shape.
    """
    folder = _folder(domain, preparation, device)
    ready = _found(domain, folder)
    if ready is None:
        making = _Making(preparation, device, told, sum(domain.counts.values()))
        if domain.redrawn:
            _take_splits(domain, folder, making)
        else:
            making.make(domain, folder)
        ready = _found(domain, folder)
        assert ready is not None
    return ready


def _take_splits(domain: ReadyDomain, folder: Path, making: _Making) -> None:
    """Write splits from what is made of all examples of the domain, each once; it is made now if it is not yet."""
    inputs = [open_inputs(domain.inputs(split)) for split in SPLITS]
    contents = [np.frombuffer(b"".join(digests(part)), np.dtype("V16")) for part in inputs]
    every, firsts, places = np.unique(np.concatenate(contents), return_index=True, return_inverse=True)
    name = hashlib.sha256(folder.name.encode() + every.tobytes()).hexdigest()[:16]
    shared = domain.folder.parent / "prepared" / name
    if not ((shared / META).exists() and set_aside_damaged(shared)):
        making.make_all(shared, inputs, firsts)
    use(shared)
    meta = json.loads((shared / META).read_text())
    made = open_inputs(place_of(shared, "train.inputs", meta["storage"]))
    ends = np.cumsum([len(part) for part in inputs])[:-1]
    for split, rows in zip(SPLITS, np.split(places, ends), strict=True):
        write_inputs(place_of(folder, f"{split}.inputs", meta["storage"]), [made], rows)
    _write_meta(folder, meta)


def is_prepared(domain: ReadyDomain, preparation: Preparation, device: str) -> bool:
    """Whether a preparation has made its arrays of a domain's inputs already."""
    return _found(domain, _folder(domain, preparation, device)) is not None


def _folder(domain: ReadyDomain, preparation: Preparation, device: str) -> Path:
    name = hashlib.sha256(f"{preparation.revision} {device.partition(':')[0]}".encode()).hexdigest()[:16]
    return domain.folder / "prepared" / name


def _found(domain: ReadyDomain, folder: Path) -> ReadyDomain | None:
    """The domain with what lies in a folder in place of its inputs; None where that is not whole."""
    meta = folder / META
    if not meta.exists():
        return None
    use(folder)
    if not set_aside_damaged(folder):
        return None
    found = json.loads(meta.read_text())
    ready = replace(
        domain,
        folder=folder,
        storage=found.get("storage", "array"),
        input_shape=tuple(found["shape"]),
        prepared_seconds=found["seconds"],
        as_loaded=domain,
    )
    return ready if all(ready.inputs(split).exists() for split in SPLITS) else None


@dataclass(frozen=True)
class _Form:
    """What all that is made has in common: how it lies on disk, and dtype and shape of an example."""

    storage: Storage
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class _Making:
    """Makes the splits of one domain, a few examples at a time."""

    def __init__(self, preparation: Preparation, device: str, told: Told, total: int) -> None:
        self._preparation, self._device, self._told, self._total = preparation, device, told, total
        self._done = 0
        #: From the first examples that were made.
        self._form: _Form | None = None

    def make(self, domain: ReadyDomain, folder: Path) -> None:
        """Write inputs and, when all are there, what is known of them."""
        started = time.monotonic()
        for split in SPLITS:  # train comes first, and it is never empty
            self._make_split(folder, split, open_inputs(domain.inputs(split)))
        self._write_meta(folder, started)

    def make_all(self, folder: Path, parts: Sequence[Inputs], order: NDArray[np.int64]) -> None:
        """Write the rows of several inputs, as if joined, in this order, as one split."""
        started = time.monotonic()
        arrays = [part for part in parts if not isinstance(part, SparseRows | Texts)]
        rows = Gathered(arrays, order) if arrays else join(parts)[order]
        self._make_split(folder, "train", rows)
        self._write_meta(folder, started)

    def _write_meta(self, folder: Path, started: float) -> None:
        assert self._form is not None
        form = {"storage": self._form.storage, "shape": self._form.shape}
        _write_meta(folder, {"seconds": time.monotonic() - started, **form})

    def _make_split(self, folder: Path, split: SplitName, inputs: Inputs | Gathered) -> None:
        parts = (self._prepare(inputs[at : at + EXAMPLES]) for at in range(0, len(inputs), EXAMPLES))
        first = list(islice(parts, 1))  # from then on the form is known
        assert self._form is not None
        form, every = self._form, chain(first, parts)
        place = place_of(folder, f"{split}.inputs", form.storage)
        if form.storage == "sparse":
            rows: list[Inputs] = [*every] or [_no_rows(form)]
            write_inputs(place, rows, np.arange(len(inputs)))
        else:
            arrays = (np.asarray(part) for part in every)
            write_whole(place, lambda to: _write_arrays(to, arrays, len(inputs), form))

    def _prepare(self, some: Inputs) -> NDArray[Any] | SparseRows:
        part = self._preparation(some, self._device)
        form = _Form(storage_of(part), part.dtype, tuple(part.shape[1:]))
        self._form = self._form or form
        if len(part) != len(some) or form != self._form:
            made = f"{part.dtype} {part.shape} of {len(some)} examples"
            raise DataError(f"a preparation made {made}; (n, …) is expected, of one kind and shape for all")
        self._done += len(some)
        self._told(self._done, self._total)
        return part


def _write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    """Write what is known of inputs that are all there, of one split or of three, and their checksums."""
    write_whole(folder / META, lambda to: to.write_text(json.dumps(meta)))
    places = [place_of(folder, f"{split}.inputs", meta["storage"]) for split in SPLITS]
    write_checksums(folder, [META, *(place.name for place in places if place.exists())])


def _write_arrays(path: Path, parts: Iterable[NDArray[Any]], examples: int, form: _Form) -> None:
    """Write rows one part after the other, of which there are none where there are no examples."""
    if not examples:  # a file of nothing cannot be mapped
        with path.open("wb") as file:
            np.save(file, np.empty((0, *form.shape), form.dtype), allow_pickle=False)
        return
    out, at = new_map(path, form.dtype, (examples, *form.shape)), 0
    for part in parts:
        out[at : at + len(part)] = part
        at += len(part)


def _no_rows(form: _Form) -> SparseRows:
    nothing = np.empty(0, form.dtype), np.empty(0, np.int32), np.zeros(1, np.int64)
    return SparseRows(*nothing, form.shape[0])
