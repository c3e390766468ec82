"""Users' own tables by their formats: `csv:PATH` and `parquet:PATH`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import ClassVar

import pandas as pd
from pydantic import Field

from tlbench.errors import DataError
from tlbench_datasets.tables.table import Table, TableParams


def begins_like_parquet(path: Path) -> bool:
    """Whether the first bytes of a file are those of the format Parquet."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


class Csv(Table):
    """A CSV file with a header, in UTF-8."""

    kind: ClassVar[str] = "csv"

    class Params(TableParams):
        """`separator` stands between values."""

        separator: str = Field(",", min_length=1, max_length=1)

    def _columns(self) -> list[str]:
        return [str(name) for name in pd.read_csv(self._path, sep=self._params.separator, nrows=0).columns]

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        as_written = [name for name in (*self._params.roles.values(), *self._params.texts) if name]
        # As text, so that a label 01 is not 1.
        kinds = {name: str for name in as_written if columns is None or name in columns}
        # Among numbers NA is a hole; among texts it is a word, as None is.
        holes = not self._params.texts
        separator: str = self._params.separator
        return pd.read_csv(
            self._path,
            sep=separator,
            usecols=columns,
            dtype=kinds,
            low_memory=False,
            keep_default_na=holes,
            na_values=[""],
        )

    def _unreadable(self, error: Exception) -> str:
        if isinstance(error, pd.errors.EmptyDataError):
            return "is empty; its first line names the columns, and each line below is an example"
        if begins_like_parquet(self._path):
            return f"is a Parquet file; write parquet:{self._path}"
        if not isinstance(error, UnicodeDecodeError):
            return super()._unreadable(error)
        hint = "save the table as UTF-8, which Excel calls 'CSV UTF-8'"
        with self._path.open("rb") as file:  # the error counts its bytes from somewhere within
            for number, line in enumerate(file, 1):
                try:
                    line.decode()
                except UnicodeDecodeError as wrong:
                    read = line[max(0, wrong.start - 20) : wrong.end + 20].decode("cp1252", errors="replace").strip()
                    return f"is not UTF-8 in line {number} ({read!r}, read as Windows-1252); {hint}"
        return f"is not UTF-8; {hint}"


class Parquet(Table):
    """A Parquet file; reading it takes pyarrow."""

    kind: ClassVar[str] = "parquet"

    class Params(TableParams):
        """As of every table."""

    def __init__(self, argument: str, params: TableParams) -> None:
        if importlib.util.find_spec("pyarrow") is None:
            message = "needs pyarrow, which is not installed: pip install 'tlbench[parquet]', or write the table as CSV"
            raise DataError(f"parquet:{argument} {message}")
        super().__init__(argument, params)

    def _unreadable(self, error: Exception) -> str:
        hint = "" if begins_like_parquet(self._path) else f"; if it is CSV, write csv:{self._path}"
        return f"{super()._unreadable(error).rstrip('.')}{hint}"

    def _columns(self) -> list[str]:
        import pyarrow.parquet

        return [str(name) for name in pyarrow.parquet.read_schema(self._path).names]

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        # Rows are told by their number, whatever index the writer kept.
        return pd.read_parquet(self._path, engine="pyarrow", columns=columns).reset_index(drop=True)
