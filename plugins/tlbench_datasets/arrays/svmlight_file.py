"""One file in the format of SVMlight and LIBSVM: lines `label index:value index:value …`, after `#` a comment."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import DataError

PACKED = (".gz", ".bz2")
#: Parsers, and rows in memory, have indices of 32 bits.
HIGHEST_INDEX = 2**31 - 2
LAYOUT = "a line is 'label index:value index:value …'"
MULTILABEL = "an example has one label here; make one class of each combination, or keep one label"
QID = "ranking by queries is no task here; remove 'qid:' from the lines"
RISING = "indices are whole numbers that rise"
MEASUREMENT = "labels are whole numbers, which name classes; turn measurements into classes first"


@dataclass(frozen=True)
class Lines:
    """Labels float64 (n,), and the values of all lines with their indices as they are written (CSR)."""

    labels: NDArray[np.float64]
    data: NDArray[np.float32]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]

    def row_of(self, value: int) -> int:
        """The row in which a value stands."""
        return int(np.searchsorted(self.indptr, value, side="right")) - 1


class _Counted(io.RawIOBase):
    """A file that is read by lines and knows which one was last: parsers do not say it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.number = 0
        self.line = b""

    def __next__(self) -> bytes:
        line = next(self._file)
        self.number += 1
        self.line = line.removeprefix(b"\xef\xbb\xbf") if self.number == 1 else line  # the mark of some editors
        if b"qid:" in self.line and b"qid:" in _content(self.line):
            raise ValueError(QID)  # the parser would pass over it
        return self.line


def read_lines(path: Path) -> Lines:
    """Parse a file, packed or not. Raises `DataError` naming the line that cannot be read."""
    from sklearn.datasets import load_svmlight_file  # here, for scikit-learn takes a second to import

    with _opened(path) as file:
        counted = _Counted(file)
        try:
            matrix, labels = load_svmlight_file(counted, dtype=np.float32, zero_based=True)
        except (ValueError, OverflowError) as error:
            raise DataError(f"{path}:{counted.number}: {_fault(counted.line, str(error))}") from error
    lines = Lines(labels, matrix.data, matrix.indices, matrix.indptr)
    broken = np.flatnonzero(labels % 1 != 0)  # NaN and infinity too
    if len(broken):
        fail(path, int(broken[0]), f"the label is {labels[broken[0]]:g}; {MEASUREMENT}")
    return lines


def fail(path: Path, row: int, fault: str) -> NoReturn:
    """Raise `DataError` for a row, counted from 0, naming its line: comments and empty lines are no rows."""
    with _opened(path) as file:
        numbers = (number for number, line in enumerate(file, 1) if _content(line).split())
        number = next(itertools.islice(numbers, row, None))
    raise DataError(f"{path}:{number}: {fault}")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with _open(path) as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}; write it anew") from error


def _open(path: Path) -> IO[bytes]:
    match path.suffix:
        case ".gz":
            return cast("IO[bytes]", gzip.open(path))
        case ".bz2":
            return bz2.open(path)
    return path.open("rb")


def _content(line: bytes) -> bytes:
    return line.partition(b"#")[0]


def _fault(line: bytes, reason: str) -> str:
    """What is wrong with a line, in words; `reason` where nothing better is found."""
    label, *features = (part.decode(errors="replace") for part in _content(line).split())
    if "," in label:
        return f"the labels {label[:40]!r} are several; {MULTILABEL}"
    if ":" in label:
        return f"{label[:40]!r} stands where the label belongs; {LAYOUT}"
    if not _is(float, label):
        return f"the label {label[:40]!r} is no number; labels are whole numbers, which name classes; {LAYOUT}"
    found = (
        fault for last, feature in zip(["-1:", *features], features, strict=False) if (fault := _wrong(feature, last))
    )
    return next(found, reason)


def _wrong(feature: str, before: str) -> str | None:
    """What is wrong with a value, given the one before, with which nothing is."""
    index, colon, value = feature.partition(":")
    if index == "qid":
        return QID
    if not colon or not _is(int, index) or not _is(float, value):
        return f"{feature[:40]!r} is no 'index:value'; {LAYOUT}"
    if int(index) > HIGHEST_INDEX:
        return f"the index {index} is too high; {HIGHEST_INDEX} is the highest"
    last = int(before.partition(":")[0])
    return None if int(index) > last else f"the index {index} stands {_misplaced(int(index), last)}; {RISING}"


def _misplaced(index: int, last: int) -> str:
    return "below 0" if index < 0 else f"after {last}" if index < last else "there twice"


def _is(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
