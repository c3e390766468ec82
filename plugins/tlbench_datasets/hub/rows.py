"""Rows of a data set of the hub: which of them count, what class they have, and their inputs, a few at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.inputs import Inputs, Texts, join
from tlbench.core.seeds import derive
from tlbench.errors import DataError
from tlbench_datasets.hub.columns import names_in
from tlbench_datasets.hub.splits import UsedSplit
from tlbench_datasets.images.decoding import Source, decode_all
from tlbench_datasets.shared.own_data import Indices

#: Rows that are read at once: images are large before they are decoded.
IMAGES_AT_ONCE, TEXTS_AT_ONCE = 64, 1000


@dataclass(frozen=True)
class Rows:
    """Some rows of one split of the hub: `numbers` (n,), counted from 0, and the class of each.

    `table` is the split as the `datasets` library opens it; `role` is there where the split stays one.
    """

    table: Any
    split: str
    role: SplitName | None
    numbers: Indices
    labels: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.numbers)

    def some(self, which: NDArray[np.integer[Any]]) -> Rows:
        """Those at some places."""
        return replace(self, numbers=self.numbers[which], labels=self.labels[which])

    def batches(self, columns: Sequence[str], size: int) -> Iterator[tuple[list[int], Mapping[str, list[Any]]]]:
        """Numbers and values of `size` rows at a time, images as they are in their files."""
        import datasets

        table = self.table.select_columns(list(columns))
        for name in columns:
            if type(table.features[name]).__name__ == "Image":
                table = table.cast_column(name, datasets.Image(decode=False))
        for at in range(0, len(self), size):
            numbers = self.numbers[at : at + size].tolist()
            yield numbers, table[numbers]


@dataclass(frozen=True)
class Read:
    """Inputs of rows: those that can be read, `rows` (n,) being their places among all, and `keys` what names them.

    `faults` has a sentence for each of the others, `items` say where each row stands in the hub's splits.
    """

    inputs: Inputs
    rows: list[int]
    keys: list[str]
    faults: list[str]
    items: list[str]


def labelled(title: str, table: Any, split: UsedSplit, numbers: Indices | None, column: str) -> Rows:
    """Rows with their classes. Raises `DataError` where one has none, as where the hub hides those of a test split."""
    names = names_in(title, table, column, "label")
    chosen = np.arange(len(names)) if numbers is None else numbers
    missing = [int(number) for number in chosen if names[number] is None]
    if missing:
        message = f"{len(missing)} rows of split {split.name!r} have no label in column {column!r}, the first is row "
        hint = "leave the split out with hub_splits, or say with roles which one is to test on"
        raise DataError(f"{title}: {message}{missing[0]}; {hint}")
    return Rows(
        table, split.name, split.role, chosen.astype(np.int64), np.array([names[number] for number in chosen], object)
    )


def sampled(rows: Rows, most: int, seed: int) -> Rows:
    """At most so many rows of each class, drawn by the seed, in the order in which they were."""
    kept: list[int] = []
    for name in sorted(set(rows.labels.tolist())):
        places = np.flatnonzero(rows.labels == name)
        rng = np.random.default_rng(derive(seed, "sample", rows.split, name))
        kept += rng.permutation(places)[:most].tolist()
    return rows.some(np.array(sorted(kept), np.int64))


def read_images(parts: Sequence[Rows], column: str, size: int) -> Read:
    """Images as uint8 (n, 3, size, size); a file's name is its key, as of `folder:`."""
    names: list[str] = []
    items: list[str] = []
    sources = (source for rows in parts for source in _images(rows, column, names, items))
    inputs, good, faults = decode_all(sources, sum(map(len, parts)), size)
    return Read(inputs, good, [names[row] for row in good], faults, [items[row] for row in good])


def _images(rows: Rows, column: str, names: list[str], items: list[str]) -> Iterator[tuple[str, Source | None]]:
    for numbers, batch in rows.batches([column], IMAGES_AT_ONCE):
        for number, value in zip(numbers, batch[column], strict=True):
            content, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
            name = Path(path).name if path else f"{rows.split} {number}"
            names.append(name)
            items.append(f"{rows.split} {number}{f' ({name})' if path else ''}")
            title = f"split {rows.split!r}, row {number}{f' ({name})' if path else ''}"
            yield title, io.BytesIO(content) if content is not None else Path(path) if path else None


def read_texts(parts: Sequence[Rows], columns: Sequence[str]) -> Read:
    """Texts; those of several columns are joined by line ends, without the empty ones."""
    read = Read(Texts.of([]), [], [], [], [])
    pieces = [Texts.of(texts) for rows in parts for texts in _texts(rows, columns, read)]
    return replace(read, inputs=join(pieces))


def _texts(rows: Rows, columns: Sequence[str], read: Read) -> Iterator[list[str]]:
    """A few texts at a time; what `read` says of each row is added to it."""
    for numbers, batch in rows.batches(columns, TEXTS_AT_ONCE):
        texts = ["\n".join(filter(_says_something, values)) for values in zip(*batch.values(), strict=True)]
        for number, text in zip(numbers, texts, strict=True):
            if text:
                read.rows.append(len(read.rows) + len(read.faults))
                read.keys.append(f"{rows.split} {number}")
                read.items.append(f"{rows.split} {number}")
            else:
                read.faults.append(f"split {rows.split!r}, row {number}: has no text")
        yield list(filter(None, texts))


def _says_something(text: str | None) -> bool:
    return bool(text and text.strip())
