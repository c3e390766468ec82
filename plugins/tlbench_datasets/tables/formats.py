"""Users' own tables by their formats: `csv:PATH` and `parquet:PATH`."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import Field, model_validator

from tlbench.core.library_warnings import hidden
from tlbench.core.names import composed
from tlbench.core.number_text import MISSING
from tlbench.errors import DataError
from tlbench_datasets.shared.own_data import quoted
from tlbench_datasets.tables.columns import plain_columns
from tlbench_datasets.tables.csv_shape import CsvShape, csv_shape
from tlbench_datasets.tables.table import Table, TableParams

#: What an index without a name is called in a Parquet file: it is the number of a row.
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


def begins_like_parquet(path: Path) -> bool:
    """Whether the first bytes of a file are those of the format Parquet."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


class Csv(Table):
    """A CSV file with a header, in UTF-8."""

    kind: ClassVar[str] = "csv"
    number_options: ClassVar[bool] = True

    class Params(TableParams):
        """`separator` stands between values, `decimal` before decimals, `thousands` between groups of digits.

        `missing_values`: what else than an empty cell or NA means that a number is missing, such as "?".
        """

        separator: str = Field(",", min_length=1, max_length=1)
        decimal: Literal[".", ","] = "."
        thousands: str | None = Field(None, min_length=1, max_length=1)
        missing_values: list[str] = Field(default_factory=list)

        @model_validator(mode="after")
        def _signs_differ(self) -> Csv.Params:
            signs = [self.separator, self.decimal, *([self.thousands] if self.thousands else [])]
            if len(set(signs)) < len(signs):
                raise ValueError("separator, decimal and thousands must be different signs")
            return self

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> list[str]:
        """The rows of the whole file, read as its options say."""
        said = {"sep": "separator", "decimal": "decimal", "thousands": "thousands", "na_values": "missing_values"}
        words = [f"{name}={quoted(options[option])}" for name, option in said.items() if option in options]
        if options.get("text"):
            words.append("keep_default_na=False")
        return [
            "import pandas as pd",
            "",
            f"raw = pd.read_csv({', '.join([quoted(argument), *words])})",
        ]

    def _columns(self) -> list[str]:
        return self._shape.columns

    @cached_property
    def _shape(self) -> CsvShape:
        return csv_shape(self._title, self._path, self._params.separator)

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        as_written = [name for name in (*self._params.roles.values(), *self._params.texts) if name]
        # As text, so that a label 01 is not 1.
        kinds = {name: str for name in as_written if columns is None or name in columns}
        there = self._columns()
        # Among numbers NA is a hole. In labels, domains, splits and texts it is a word, as None is.
        missing = ["", *MISSING, *self._params.missing_values]
        holes = {name: [""] if name in as_written else missing for name in there}
        with hidden():  # cells beyond the header, of which pandas warns, are empty in every row: `csv_shape` has looked
            return pd.read_csv(
                self._path,
                sep=self._params.separator,
                header=0,
                names=self._shape.names,
                index_col=False,
                usecols=there if columns is None else columns,
                dtype=kinds,
                decimal=self._params.decimal,
                thousands=self._params.thousands,
                low_memory=False,
                keep_default_na=False,
                na_values=holes,
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

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> list[str]:
        """The rows of the whole file."""
        return [
            "import pandas as pd",
            "",
            f"raw = pd.read_parquet({quoted(argument)}).reset_index()",
        ]

    def __init__(self, argument: str, params: TableParams) -> None:
        if importlib.util.find_spec("pyarrow") is None:
            message = "needs pyarrow, which is not installed: pip install 'tlbench[parquet]', or write the table as CSV"
            raise DataError(f"parquet:{argument} {message}")
        super().__init__(argument, params)

    def _unreadable(self, error: Exception) -> str:
        hint = "" if begins_like_parquet(self._path) else f"; if it is CSV, write csv:{self._path}"
        return f"{super()._unreadable(error).rstrip('.')}{hint}"

    def _columns(self) -> list[str]:
        return list(self._in_file)

    @cached_property
    def _in_file(self) -> dict[str, str]:
        """The columns, and what each is called in the file."""
        import pyarrow.parquet

        names = [str(name) for name in pyarrow.parquet.read_schema(self._path).names]
        return {composed(name): name for name in names if not _UNNAMED_INDEX.fullmatch(name)}

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        import pyarrow.parquet

        # Without pandas' own notes on it, an index that the writer named is a column as any other.
        wanted = self._columns() if columns is None else columns
        with hidden():
            table = pyarrow.parquet.read_table(self._path, columns=[self._in_file[name] for name in wanted])
            frame = table.to_pandas(ignore_metadata=True).rename(columns=composed)
        return plain_columns(self._title, frame)
