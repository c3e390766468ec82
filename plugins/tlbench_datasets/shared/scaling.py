"""Numbers on their way to the 32 bits in which they are stored: means and equality come before rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, SplitName
from tlbench.core.inputs import CHUNK_BYTES, COPIED_BYTES, Gathered, digests
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.drawn_splits import Members, without_copies
from tlbench_datasets.shared.own_data import Indices, equal_rows, listed
from tlbench_datasets.shared.scratch_arrays import scratch_array

Scale = Literal["none", "standardise"]
Rows = NDArray[Any] | Gathered
_Dealt = TypeVar("_Dealt")
#: Rows in which it is looked for numbers that rounding makes equal.
_LOOKED_AT = 5000
HINT = 'set scale = "standardise" in [data], which is computed before rounding'


@dataclass(frozen=True)
class Standard:
    """What (x − offset − mean)/deviation takes, float64 (features,) each.

    Whole numbers are counted from the smallest of them, `offset`, without rounding, so that times in nanoseconds and
    long identifiers keep what tells them apart. What is the same in all training data is only shifted.
    """

    offset: NDArray[Any]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, train: Indices) -> Standard:
        """From the training rows of inputs (n, features), read in blocks."""
        with np.errstate(all="ignore"):  # what is not finite is told of later, with its row
            blocks = _blocks(rows, train)
            ends = [(np.min(rows[some], axis=0), np.max(rows[some], axis=0)) for some in blocks]
            lowest, highest = np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)
            offset = lowest if rows.dtype.kind in "iu" else np.zeros_like(lowest, np.float64)
            mean = sum(counted(rows[some], offset).sum(axis=0) for some in blocks) / len(train)
            squares = sum(((counted(rows[some], offset) - mean) ** 2).sum(axis=0) for some in blocks)
            constant = lowest == highest
            deviation = np.where(constant, 1.0, np.sqrt(squares / len(train)))
            # Of equal numbers the sum divided by their count may be another.
            mean = np.where(constant, counted(lowest[None], offset)[0], mean)
        return cls(offset, mean, deviation, constant)

    @property
    def reading(self) -> dict[str, list[float]]:
        """The same for rows that come later, as plain data that `as_read` takes."""
        return {"subtract": (self.offset + self.mean).tolist(), "divide": self.deviation.tolist()}

    def __call__(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Rows (n, features), standardised."""
        with np.errstate(all="ignore"):
            moved: NDArray[np.float64] = (counted(rows, self.offset) - self.mean) / self.deviation
        return moved


def as_read(rows: NDArray[Any], reading: Mapping[str, Any]) -> NDArray[np.float32]:
    """Rows (n, features) that come later, scaled as those were whose `Domain.reading` this is, and rounded."""
    if "subtract" in reading:
        rows = (rows - np.array(reading["subtract"])) / np.array(reading["divide"])
    return rows.astype(np.float32)


def counted(rows: NDArray[Any], offset: NDArray[Any]) -> NDArray[np.float64]:
    """Rows as float64; whole numbers from an offset, without rounding either."""
    if rows.dtype.kind not in "iu":
        return rows.astype(np.float64)
    kind = np.uint64 if rows.dtype.kind == "u" else np.int64
    rows, offset = rows.astype(kind), offset.astype(kind)
    below = rows < offset  # differences of 64-bit numbers, kept without a sign where the sign is known
    difference = np.where(below, offset - rows, rows - offset).astype(np.uint64).astype(np.float64)
    return cast("NDArray[np.float64]", np.where(below, -difference, difference))


def standardised(
    columns: Sequence[object], rows: Rows, train: Indices
) -> tuple[NDArray[np.float64] | NDArray[np.float32], list[str]]:
    """(x − mean)/deviation with both of the domain's own training inputs, no label used, and what is said of it.

    A dataset does not know which domain will be the source, so it can only take each for itself. What is large is
    rounded to float32 block by block.
    """
    standard = Standard.of(rows, train)
    if rows.nbytes <= COPIED_BYTES:
        moved: Any = standard(np.asarray(rows))
    else:
        moved = scratch_array(rows.shape, np.float32)
        for some in _blocks(rows, np.arange(len(rows))):
            moved[some] = standard(rows[some])
    notes = ["features were standardised by the mean and the deviation of the domain's own training data"]
    constant = [column for column, is_constant in zip(columns, standard.constant, strict=True) if is_constant]
    if constant:
        notes.append(f"columns that are constant in the training data: {', '.join(listed(list(map(repr, constant))))}")
    return moved, notes


def as_float32(columns: Sequence[object], rows: Rows, scale: Scale) -> tuple[NDArray[np.float32] | Gathered, list[str]]:
    """Inputs as they are stored, and a note on columns of which a tenth of the values become equal to others.

    Seconds since 1970 do: 32 bits hold them to 128 s. Those of a large array are rounded when they are read.
    """
    few = np.asarray(rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _LOOKED_AT)).astype(np.int64))])
    merged = [columns[place] for place in _changed(few) if _become_equal(few[:, place])]
    note = f"different values become equal in 32 bits in columns {', '.join(listed(list(map(repr, merged))))}"
    return _rounded(rows), [note if scale == "standardise" else f"{note}; {HINT}"] if merged else []


def _rounded(rows: Rows) -> NDArray[np.float32] | Gathered:
    if rows.dtype == np.float32:
        return cast("NDArray[np.float32]", rows)
    if rows.nbytes > COPIED_BYTES:
        return Gathered([rows], np.arange(len(rows)), np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinity, and is told as such
        return np.asarray(rows).astype(np.float32)


def _changed(rows: NDArray[Any]) -> list[int]:
    """The columns of which rounding changes anything."""
    with np.errstate(over="ignore"):
        return np.flatnonzero((rows.astype(np.float32).astype(rows.dtype) != rows).any(axis=0)).tolist()


def _become_equal(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return len(np.unique(values.astype(np.float32))) < 0.9 * len(np.unique(values))


def deal_numbers(title: str, rows: Rows, scale: Scale, deal: Callable[[Rows], _Dealt]) -> _Dealt:
    """What `deal` makes of rows, by which it finds copies: of what is equal in full where rows are standardised before
    they are rounded, and else of what is equal in 32 bits, as it will be stored.

    Raises `Faults` naming classes that are too small.
    """
    if scale == "standardise":
        return deal(rows)
    try:
        return deal(_rounded(rows))
    except Faults as error:
        if rows.dtype == np.float32:
            raise
        deal(rows)
        raise DataError(
            f"{title}: examples that differ become equal in 32 bits, and too few are left; {HINT}"
        ) from error


def settled(
    title: str, exact: Rows, stored: Rows, members: Members, *, drawn: bool, grouped: bool = False
) -> tuple[Members, list[str]]:
    """Splits in which no row stands twice once rounded, with notes.

    Of those that were drawn, rows that rounding made equal go to one, that of training if one of them is there; where
    that would divide groups, only those of the last split are kept. Of given ones it raises `DataError`, with the
    reason, for they would be told as an overlap.
    """
    overlap = _overlap(stored, members)
    if not overlap:
        return members, []
    if not drawn:
        if more := overlap - _overlap(exact, members):
            raise DataError(
                f"{title}: {more} examples of one split become equal to those of another in 32 bits; {HINT}"
            )
        return members, []
    if grouped:
        kept, dropped = without_copies(stored, members)
        return kept, [f"what became equal in 32 bits to what another group has in a later split is left out: {dropped}"]
    place = np.zeros(len(stored), np.int64)
    for number, name in enumerate(SPLITS):
        place[members[name]] = number
    for copies in equal_rows(stored):
        place[copies] = place[copies].min()
    return {name: np.flatnonzero(place == number).astype(np.int64) for number, name in enumerate(SPLITS)}, []


def _overlap(rows: Rows, members: Mapping[SplitName, Indices]) -> int:
    contents = [set(digests(rows[members[name]])) for name in SPLITS]
    return sum(map(len, contents)) - len(set.union(*contents))


def _blocks(rows: Rows, chosen: Indices) -> list[Indices]:
    """Numbers of rows, so many at a time as fit into memory as float64."""
    width = max(1, CHUNK_BYTES // max(1, 8 * int(np.prod(rows.shape[1:], dtype=np.int64))))
    return [chosen[at : at + width] for at in range(0, len(chosen), width)]
