"""Inputs of examples: arrays, and what is none: sparse rows, texts, and rows of arrays that memory does not hold.

All have `len`, `shape`, `dtype`, `nbytes`, and give some of their rows by a slice or by indices. `numpy.asarray` makes
an array of what strategies are given, so a batch is taken first and made dense then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

Index: TypeAlias = slice | NDArray[np.integer[Any]] | NDArray[np.bool_]

#: Bytes of rows that are read at a time where all of them are gone through.
CHUNK_BYTES = 64 * 2**20
#: Rows that are taken out of an array are copied up to this size; beyond it they are read when they are asked for.
COPIED_BYTES = 256 * 2**20


class SparseRows:
    """Rows of numbers, nearly all of them 0: float32 (n, features) in compressed form (CSR)."""

    dtype = np.dtype(np.float32)

    def __init__(
        self, data: NDArray[np.float32], indices: NDArray[np.int32], indptr: NDArray[np.int64], features: int
    ) -> None:
        self.data, self.indices, self.indptr, self.features = data, indices, indptr, features

    @classmethod
    def of(cls, matrix: Any) -> SparseRows:
        """From a sparse matrix of scipy, in canonical form: sorted, nothing twice, no zero that is written down."""
        from scipy.sparse import csr_array  # here, for scipy takes its time to import

        rows = csr_array(matrix, dtype=np.float32, copy=True)
        rows.sum_duplicates()
        rows.eliminate_zeros()
        rows.sort_indices()
        return cls(rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int64), rows.shape[1])

    @cached_property
    def matrix(self) -> Any:
        """As a `scipy.sparse.csr_array`, which scikit-learn takes."""
        from scipy.sparse import csr_array

        indptr = self.indptr
        if len(self.data) < 2**31:  # both kinds of index are then of 32 bits, as some of scikit-learn wants them
            indptr = indptr.astype(np.int32)
        return csr_array((self.data, self.indices, indptr), shape=self.shape, copy=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, features)."""
        return len(self), self.features

    @property
    def nbytes(self) -> int:
        """Bytes in compressed form."""
        return int(self.data.nbytes + self.indices.nbytes + self.indptr.nbytes)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, index: Index) -> SparseRows:
        chosen = _whole_numbers(index, len(self))
        begins, lengths = self.indptr[chosen], np.diff(self.indptr)[chosen]
        where = _ranges(begins, lengths)
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return SparseRows(self.data[where], self.indices[where], indptr, self.features)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        dense = np.zeros(self.shape, np.float32)
        dense[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = self.data
        return dense if dtype is None else dense.astype(dtype)


class Texts:
    """Texts (n,), kept as UTF-8 one after the other with the place where each begins, int64 (n + 1,)."""

    dtype = np.dtype(np.object_)

    def __init__(self, content: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self.content, self.offsets = content, offsets

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """From strings. What is no text in Unicode (half of a pair of surrogates) becomes a question mark."""
        encoded = [text.encode(errors="replace") for text in texts]
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n,)."""
        return (len(self),)

    @property
    def nbytes(self) -> int:
        """Bytes of text and places."""
        return int(self.content.nbytes + self.offsets.nbytes)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: Index) -> Texts:
        chosen = _whole_numbers(index, len(self))
        begins, lengths = self.offsets[chosen], np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Texts(np.asarray(self.content[_ranges(begins, lengths)]), offsets)

    def tolist(self) -> list[str]:
        """The texts as strings."""
        content = self.content.tobytes()
        places = zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True)
        return [content[begin:end].decode() for begin, end in places]


class Gathered:
    """Rows of arrays, as if these were joined, in an order of its own; each is read when it is asked for.

    They become `dtype` then, which is that of the first array where it is left out.
    """

    def __init__(
        self,
        parts: Sequence[NDArray[np.generic] | Gathered],
        rows: NDArray[np.integer[Any]],
        dtype: DTypeLike | None = None,
    ) -> None:
        self._parts, self._rows = parts, rows
        self._ends = np.cumsum([len(part) for part in parts])
        self.dtype: np.dtype[Any] = parts[0].dtype if dtype is None else np.dtype(dtype)
        self.shape: tuple[int, ...] = (len(rows), *parts[0].shape[1:])

    @property
    def nbytes(self) -> int:
        """Bytes of all rows, were they copied."""
        return len(self) * _row_bytes(self)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Index) -> NDArray[np.generic]:
        rows = self._rows[index]
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        which = np.searchsorted(self._ends, rows, side="right")
        for number, part in enumerate(self._parts):
            here = which == number
            if here.any():
                found[here] = part[rows[here] - (self._ends[number] - len(part))]
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:] if dtype is None else self[:].astype(dtype)


Inputs: TypeAlias = NDArray[np.generic] | SparseRows | Texts | Gathered


def take(inputs: Inputs, rows: NDArray[np.integer[Any]]) -> Inputs:
    """Some rows, in this order: copied where they are few, and read when they are asked for where they are many."""
    if isinstance(inputs, SparseRows | Texts):
        return inputs[rows]
    if len(rows) * _row_bytes(inputs) <= COPIED_BYTES:
        return inputs[rows]
    return Gathered([inputs], rows)


def rows_of(inputs: Inputs, rows: NDArray[np.integer[Any]]) -> Inputs:
    """Some rows, in this order, as a view: those of an array are read when they are asked for, however few they are."""
    return inputs[rows] if isinstance(inputs, SparseRows | Texts) else Gathered([inputs], rows)


def join(parts: Sequence[Inputs]) -> Inputs:
    """Inputs of one kind, one after the other, without a copy of what is large."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, SparseRows):
        from scipy.sparse import vstack

        return SparseRows.of(vstack([cast("SparseRows", part).matrix for part in parts]))
    if isinstance(first, Texts):
        return _join_texts([cast("Texts", part) for part in parts])
    if sum(part.nbytes for part in parts) <= COPIED_BYTES:
        return np.concatenate([np.asarray(part) for part in parts])
    arrays = [part for part in parts if not isinstance(part, SparseRows | Texts)]
    return Gathered(arrays, np.arange(sum(map(len, parts))))


def _join_texts(parts: Sequence[Texts]) -> Texts:
    """As bytes."""
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Texts(np.concatenate([part.content[part.offsets[0] : part.offsets[-1]] for part in parts]), offsets)


def chunks(inputs: NDArray[np.generic] | Gathered) -> Iterator[tuple[int, NDArray[np.generic]]]:
    """All rows, so many at a time as fit into `CHUNK_BYTES`, each time with the number of the first."""
    rows = max(1, CHUNK_BYTES // max(1, _row_bytes(inputs)))
    for at in range(0, len(inputs), rows):
        yield at, inputs[at : at + rows]


def digests(inputs: Inputs) -> Iterator[bytes]:
    """For every row a hash (16 bytes) by which equal ones are found."""
    if isinstance(inputs, Texts):
        yield from (_digest(text.encode()) for text in inputs.tolist())
    elif isinstance(inputs, SparseRows):
        for begin, end in zip(inputs.indptr[:-1].tolist(), inputs.indptr[1:].tolist(), strict=True):
            yield _digest(inputs.indices[begin:end].tobytes() + inputs.data[begin:end].tobytes())
    else:
        for _, block in chunks(inputs):
            yield from (_digest(row.tobytes()) for row in np.ascontiguousarray(block))


def canonical_bytes(inputs: Inputs) -> Iterator[bytes]:
    """Everything that tells inputs from others, piece by piece, for a hash of them."""
    if isinstance(inputs, Texts):
        yield f"text {inputs.shape}".encode()
        yield from (inputs.offsets.tobytes(), inputs.content.tobytes())
    elif isinstance(inputs, SparseRows):
        yield f"sparse {inputs.dtype.str} {inputs.shape}".encode()
        yield from (part.tobytes() for part in (inputs.indptr, inputs.indices, inputs.data))
    else:
        yield f"{inputs.dtype.str} {inputs.shape}".encode()
        yield from (np.ascontiguousarray(block).tobytes() for _, block in chunks(inputs))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _row_bytes(inputs: NDArray[np.generic] | Gathered) -> int:
    return int(np.prod(inputs.shape[1:], dtype=np.int64)) * inputs.dtype.itemsize


def _whole_numbers(index: Index, size: int) -> NDArray[np.int64]:
    chosen: NDArray[np.int64] = np.arange(size, dtype=np.int64)[index]
    return chosen


def _ranges(begins: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """begin, begin + 1, … for each of some ranges, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(total) + np.repeat(begins - (ends - lengths), lengths)
    return found
