"""What the first rows of one's own files look like: which columns are texts, which files are sparse vectors."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.core.library_warnings import hidden
from tlbench.core.number_text import number_text

if TYPE_CHECKING:
    import pandas as pd

#: How columns of text tend to be called.
TEXTS = [
    "text",
    "texts",
    "sentence",
    "review",
    "document",
    "body",
    "content",
    "comment",
    "message",
    "abstract",
    "title",
]
#: From so many characters on average a column of strings is taken for text, where most of its rows are different.
LONG = 20
_ROWS = 500
#: Rows in which the values of columns are looked for.
_MANY = 10_000
#: As many values a column of classes or domains may have, for its values to be listed.
FEW = 12
_SPARSE = re.compile(rb"[+-]?\d+(\.0*)?(\s+\d+:\S+)*\s*(#.*)?")
_ENDS = tuple(suffix + packed for suffix in (".svmlight", ".libsvm", ".svm") for packed in ("", ".gz", ".bz2"))


def csv_texts(path: Path, separator: str) -> list[str]:
    """The columns of a CSV file that look like text; none where it cannot be read, which is told elsewhere."""
    frame = _csv(path, separator, nrows=_ROWS, encoding_errors="replace")
    return [] if frame is None else _texts(frame)


def csv_numbers(path: Path, separator: str, others: Collection[str]) -> dict[str, Any]:
    """Options of `csv:` by which columns that are meant as numbers become numbers; `others` are no features.

    None are given where a comma may mean either of two things: the dataset then asks.
    """
    frame = _csv(path, separator, dtype=str, keep_default_na=False, index_col=False)
    if frame is None:
        return {}
    found = [number_text([cell for cell in frame[column].tolist() if cell]) for column in frame if column not in others]
    written = [kind for kind in found if kind is not None and not kind.ambiguous]
    options: dict[str, Any] = {}
    if any(kind.decimal == "," for kind in written):
        options["decimal"] = ","
    if thousands := next((kind.thousands for kind in written if kind.thousands), None):
        options["thousands"] = thousands
    if signs := list(dict.fromkeys(sign for kind in written for sign in kind.placeholders)):
        options["missing_values"] = signs
    return options


def parquet_texts(path: Path) -> list[str]:
    """The columns of a Parquet file that look like text; none where it cannot be read, which is told elsewhere."""
    frame = _parquet(path, _ROWS)
    return [] if frame is None else _texts(frame)


def csv_categories(path: Path, separator: str) -> dict[str, list[str]]:
    """The columns of a CSV file that have few different values, with these; none where it cannot be read."""
    frame = _csv(path, separator, dtype=str, index_col=False, nrows=_MANY, encoding_errors="replace")
    return {} if frame is None else _categories(frame)


def parquet_categories(path: Path) -> dict[str, list[str]]:
    """The columns of a Parquet file that have few different values, with these; none where it cannot be read."""
    frame = _parquet(path, _MANY)
    return {} if frame is None else _categories(frame.astype(str))


def _csv(path: Path, separator: str, **options: Any) -> pd.DataFrame | None:
    """What pandas reads with these options; None where it cannot, which is told elsewhere."""
    import pandas as pd

    try:
        with hidden():  # of cells beyond the header the dataset itself tells
            frame: pd.DataFrame = pd.read_csv(path, sep=separator, **options)
    except (OSError, ValueError):  # the parser's own errors are ValueErrors
        return None
    return frame


def _parquet(path: Path, rows: int) -> pd.DataFrame | None:
    """At most so many rows; None where there are none, or they cannot be read."""
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            first = next(file.iter_batches(rows), None)
    except (OSError, ValueError):
        return None
    return None if first is None else first.to_pandas()


def _categories(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Columns of two to `FEW` different values, each of which several rows share."""
    found = {str(name): sorted(set(frame[name].dropna().tolist())) for name in frame.columns}
    return {name: values for name, values in found.items() if 2 <= len(values) <= min(FEW, len(frame) // 2)}


def _texts(frame: pd.DataFrame) -> list[str]:
    return [str(column) for column in frame.columns if _is_text(str(column), frame[column])]


def _is_text(name: str, values: pd.Series[str]) -> bool:
    there = [value for value in values.dropna().tolist() if isinstance(value, str)]
    if not there or len(there) < values.notna().sum():
        return False
    long = sum(map(len, there)) / len(there) >= LONG and len(set(there)) > len(there) / 2
    return (long and sum(map(_has_words, there)) > len(there) / 2) or name.casefold() in TEXTS


def _has_words(value: str) -> bool:
    """Whether a string is no address, path or number of something; other scripts need no spaces."""
    return " " in value.strip() or not value.isascii()


def holds_svmlight(folder: Path) -> bool:
    """Whether a folder holds sparse vectors in the format of SVMlight: by a suffix, or, of .txt, by a first line."""
    files = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    if any(path.name.endswith(_ENDS) for path in files):
        return True
    return any(path.suffix == ".txt" and _begins_sparse(path) for path in files)


def _begins_sparse(path: Path) -> bool:
    """Whether the first line that is no comment says so; it has a value, for lines of a list may be numbers alone."""
    try:
        with path.open("rb") as file:
            lines = (file.readline(2**20).strip() for _ in range(20))
            first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    except OSError:
        return False
    return b":" in first and _SPARSE.fullmatch(first) is not None
