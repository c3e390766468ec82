"""Inputs as a backbone asks for them, made once and kept beside those that they were made from.

<domain>/prepared/<hash of the preparation's revision>/   train.inputs.npy, val.inputs.npy, test.inputs.npy, meta.json
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.data.ready import ReadyDomain
from tlbench.data.stored import new_map, open_inputs
from tlbench.domain import SPLITS
from tlbench.errors import DataError
from tlbench.files import write_whole
from tlbench.inputs import Inputs
from tlbench.preparation import Preparation

#: Examples that are handed to a preparation at a time.
EXAMPLES = 256

#: Hears how many examples are made, of how many.
Told = Callable[[int, int], None]


def prepared(domain: ReadyDomain, preparation: Preparation, device: str, told: Told) -> ReadyDomain:
    """The domain with what a preparation makes of its inputs on a device, under the same labels.

    Raises `DataError` where what is made has not a row for every example, or not one shape.
    """
    ready = _place(domain, preparation, device)
    if not _is_there(ready):
        _Making(preparation, device, told, sum(domain.counts.values())).make(domain, ready, _meta(ready))
    found = json.loads(_meta(ready).read_text())
    return replace(ready, input_shape=tuple(found["shape"]), prepared_seconds=found["seconds"])


def is_prepared(domain: ReadyDomain, preparation: Preparation, device: str) -> bool:
    """Whether a preparation has made its arrays of a domain's inputs already."""
    return _is_there(_place(domain, preparation, device))


def _place(domain: ReadyDomain, preparation: Preparation, device: str) -> ReadyDomain:
    """The domain as it will be, its shape not yet known."""
    name = hashlib.sha256(f"{preparation.revision} {device.partition(':')[0]}".encode()).hexdigest()[:16]
    return replace(domain, folder=domain.folder / "prepared" / name, storage="array", as_loaded=domain)


def _meta(ready: ReadyDomain) -> Path:
    return ready.folder / "meta.json"


def _is_there(ready: ReadyDomain) -> bool:
    return _meta(ready).exists() and all(ready.inputs(split).exists() for split in SPLITS)


class _Making:
    """Makes the splits of one domain, a few examples at a time."""

    def __init__(self, preparation: Preparation, device: str, told: Told, total: int) -> None:
        self._preparation, self._device, self._told, self._total = preparation, device, told, total
        self._done = 0
        #: The dtype and shape of an example, from the first that was made.
        self._form: tuple[np.dtype[Any], tuple[int, ...]] | None = None

    def make(self, domain: ReadyDomain, ready: ReadyDomain, meta: Path) -> None:
        """Write inputs and, when all are there, what is known of them."""
        started = time.monotonic()
        for split in SPLITS:  # train comes first, and it is never empty
            inputs = open_inputs(domain.inputs(split))
            write_whole(ready.inputs(split), lambda to, i=inputs: self._write(to, i))  # type: ignore[misc]
        assert self._form is not None
        content = {"seconds": time.monotonic() - started, "shape": self._form[1]}
        write_whole(meta, lambda to: to.write_text(json.dumps(content)))

    def _write(self, path: Path, inputs: Inputs) -> None:
        out: NDArray[Any] | None = None
        for at in range(0, len(inputs), EXAMPLES):
            part = self._prepare(inputs[at : at + EXAMPLES])
            if out is None:
                out = new_map(path, part.dtype, (len(inputs), *part.shape[1:]))
            out[at : at + len(part)] = part
        if out is None and self._form is not None:  # a file of nothing cannot be mapped
            with path.open("wb") as file:
                np.save(file, np.empty((0, *self._form[1]), self._form[0]), allow_pickle=False)

    def _prepare(self, some: Inputs) -> NDArray[Any]:
        part = self._preparation(some, self._device)
        form = (part.dtype, part.shape[1:])
        self._form = self._form or form
        if len(part) != len(some) or form != self._form:
            made = f"{part.dtype} {part.shape} of {len(some)} examples"
            raise DataError(f"a preparation made {made}; (n, …) is expected, of one shape for all")
        self._done += len(some)
        self._told(self._done, self._total)
        return part
