"""Users' own tables: `csv:PATH` and `parquet:PATH`, one row per example, numbers as features."""

from __future__ import annotations

import importlib.util
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from tlbench.domain import Dataset, Domain, SplitName
from tlbench.errors import DataError, Faults, unknown
from tlbench_datasets.own_data import (
    LICENCE,
    ORIGIN,
    SPLIT_NAMES,
    Indices,
    SplitParams,
    check_names,
    deal,
    domain_of,
    encode,
    files_fingerprint,
    given_splits,
    listed,
    located,
)

NO_TEXT = "text needs a text backbone, which this version lacks; name columns of numbers in features"


class TableParams(SplitParams):
    """Which columns say what. `features`: all other columns of numbers where it is left out.

    `missing`: whether a value that is not there is a fault, or becomes the mean of its domain's training data.
    """

    label: str
    domain: str
    split: str | None = None
    features: list[str] | None = Field(None, min_length=1)
    missing: Literal["fail", "mean"] = "fail"


class Table(Dataset):
    """A table with a column of labels, one of domains, and columns of numbers: float32 (n, features)."""

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN
    kind: ClassVar[str]

    def __init__(self, argument: str, params: TableParams) -> None:
        self._title = f"{self.kind}:{argument}"
        self._path = located(self.kind, argument)
        if not self._path.is_file():
            raise DataError(f"{self._title} is a folder; name the table itself")
        self._params: Any = params

    @abstractmethod
    def _columns(self) -> list[str]:
        """The names of the columns, without reading rows."""

    @abstractmethod
    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        """These columns, or all; label, domain and split as they are written."""

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The values of the column of domains."""
        self._check_columns()
        with _reading(self._title):
            values = self._read([self._params.domain])[self._params.domain]
        if values.isna().any():
            raise DataError(f"{self._title}: {_absent(values, self._params.domain, 'domain')}")
        if values.empty:
            raise DataError(f"{self._title} has no rows")
        return check_names(self._title, set(_texts(values)))

    def load(self, domain: str) -> Domain:
        """The rows of a domain. Raises `DataError` naming columns and rows that cannot be used."""
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        title = f"{self._title}, domain {domain!r}"
        rows = self._frame[np.array(_texts(self._frame[self._params.domain])) == domain]
        names, labels = encode(_labels(title, rows[self._params.label], self._params.label))
        features, notes = self._features
        inputs = rows[features].to_numpy(dtype=np.float32, na_value=np.nan)
        members = self._members(title, rows, inputs, labels, names)
        inputs, imputed = self._imputed(title, inputs, members["train"])
        return domain_of(domain, "vector", names, inputs, labels, members, [*notes, *imputed])

    def fingerprint(self) -> str:
        """Name, size and time of change of the file."""
        return files_fingerprint([self._path])

    def about(self, domain: str) -> list[str]:
        """The range of the features, by which one sees whether they have a like scale."""
        features = self._frame[self._features[0]]
        lowest, highest = features.min(), features.max()
        widest = str((highest - lowest).astype(float).idxmax())
        return [f"widest column: {widest}, {lowest[widest]:g} to {highest[widest]:g}"]

    @cached_property
    def _frame(self) -> pd.DataFrame:
        with _reading(self._title):
            return self._read(None)

    def _check_columns(self) -> None:
        with _reading(self._title):
            there = self._columns()
        named = {key: getattr(self._params, key) for key in ("label", "domain", "split")}
        asked = [(key, name) for key, name in named.items() if name is not None]
        asked += [("features", name) for name in self._params.features or ()]
        faults = [f"{key}: {unknown('column', name, there)}" for key, name in asked if name not in there]
        roles = {key: name for key, name in asked if key != "features"}
        for name in self._params.features or ():
            faults += [f"features: {name!r} is the {key} itself; leave it out" for key in roles if roles[key] == name]
        if len(set(roles.values())) < len(roles):
            faults.append("label, domain and split must be different columns")
        if faults:
            raise DataError(f"{self._title}: {'; '.join(faults)}")

    @cached_property
    def _features(self) -> tuple[list[str], list[str]]:
        """The columns of features, and a note on those that are none."""
        roles = {self._params.label, self._params.domain, self._params.split}
        others = [column for column in self._frame.columns if column not in roles]
        text = [column for column in others if not _is_number(self._frame[column])]
        if self._params.features is not None:
            wrong = [column for column in self._params.features if column in text]
            if wrong:
                raise Faults(f"{self._title}: features", [_text_fault(self._frame[column], column) for column in wrong])
            return list(self._params.features), []
        numbers = [column for column in others if column not in text]
        if not numbers:
            raise DataError(f"{self._title} has no columns of numbers beside label, domain and split; {NO_TEXT}")
        return numbers, [f"columns that are no numbers are left out: {', '.join(map(repr, text))}"] if text else []

    def _members(
        self, title: str, rows: pd.DataFrame, inputs: NDArray[np.float32], labels: Indices, names: Sequence[str]
    ) -> dict[SplitName, Indices]:
        if self._params.split is None:
            return deal(title, inputs, labels, names, [str(row) for row in range(len(rows))], self._params)
        column = rows[self._params.split]
        if column.isna().any():
            raise DataError(f"{title}: {_absent(column, self._params.split, 'split')}")
        values = _texts(column)
        if wrong := sorted(set(values) - SPLIT_NAMES.keys()):
            raise DataError(f"{title}: {unknown('split', wrong[0], SPLIT_NAMES)} (column {self._params.split!r})")
        return given_splits(title, [SPLIT_NAMES[value] for value in values])

    def _imputed(
        self, title: str, inputs: NDArray[np.float32], train: Indices
    ) -> tuple[NDArray[np.float32], list[str]]:
        """Inputs without holes: the mean of the domain's training data stands for a value that is not there."""
        holes = np.isnan(inputs)
        named = {
            column: int(count) for column, count in zip(self._features[0], holes.sum(axis=0), strict=True) if count
        }
        if not named:
            return inputs, []
        counts = [f"{count} in column {column!r}" for column, count in named.items()]
        if self._params.missing == "fail":
            hint = 'fill them in, leave the columns out of features, or set missing = "mean" in [data]'
            raise Faults(f"{title}: values are missing; {hint}", listed(counts))
        empty = np.flatnonzero(holes[train].all(axis=0))
        if len(empty):
            column = self._features[0][empty[0]]
            raise DataError(f"{title}: column {column!r} has no value in the training data; leave it out of features")
        means = np.nanmean(inputs[train], axis=0, dtype=np.float64).astype(np.float32)
        note = f"missing values became the mean of the domain's training data: {', '.join(listed(counts))}"
        return np.where(holes, means, inputs), [note]


class Csv(Table):
    """A CSV file with a header, in UTF-8."""

    kind: ClassVar[str] = "csv"

    class Params(TableParams):
        """`separator` stands between values."""

        separator: str = Field(",", min_length=1, max_length=1)

    def _columns(self) -> list[str]:
        return [str(name) for name in pd.read_csv(self._path, sep=self._params.separator, nrows=0).columns]

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        roles = [self._params.label, self._params.domain, self._params.split]
        # As text, so that a label 01 is not 1.
        kinds = {name: str for name in roles if name and (columns is None or name in columns)}
        return pd.read_csv(self._path, sep=self._params.separator, usecols=columns, dtype=kinds, low_memory=False)


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

    def _columns(self) -> list[str]:
        import pyarrow.parquet

        return [str(name) for name in pyarrow.parquet.read_schema(self._path).names]

    def _read(self, columns: list[str] | None) -> pd.DataFrame:
        # Rows are told by their number, whatever index the writer kept.
        return pd.read_parquet(self._path, engine="pyarrow", columns=columns).reset_index(drop=True)


@contextmanager
def _reading(title: str) -> Iterator[None]:
    """What pandas and pyarrow have against a file."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{title}: byte {error.start + 1} is not UTF-8; save the table as UTF-8") from error
    except (OSError, ValueError) as error:  # the parsers' own errors are ValueErrors
        raise DataError(f"{title} cannot be read: {str(error).strip()}") from error


def _texts(values: pd.Series[Any]) -> list[str]:
    """Values as they are shown: a whole number without its point, names without spaces around them."""
    return [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v).strip() for v in values.tolist()]


def _labels(title: str, values: pd.Series[Any], column: str) -> list[str]:
    """Names of classes. Raises `DataError` for labels that are missing or are measurements."""
    if values.isna().any():
        raise DataError(f"{title}: {_absent(values, column, 'label')}")
    texts = _texts(values)
    numbers = pd.to_numeric(pd.Series(texts), errors="coerce")
    if numbers.isna().any():
        return texts
    broken = numbers[numbers % 1 != 0]
    if len(broken):
        message = "labels are whole numbers or names of classes; turn measurements into classes first"
        raise DataError(f"{title}: the label column {column!r} holds {texts[broken.index[0]]!r}; {message}")
    return [re.sub(r"\.0*$", "", text) for text in texts]  # 1.0 is the class 1, as it is where no row has a hole


def _absent(values: pd.Series[Any], column: str, role: str) -> str:
    rows = values.index[values.isna()]
    return f"{len(rows)} rows have no {role} in column {column!r}, the first is row {int(rows[0]) + 1} below the header"


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_complex_dtype(values)


def _text_fault(values: pd.Series[Any], column: str) -> str:
    written = values.dropna()
    wrong = written[pd.to_numeric(written, errors="coerce").isna()]
    where = f" (row {int(wrong.index[0]) + 1} is {str(wrong.iloc[0])[:40]!r})" if len(wrong) else ""
    return f"column {column!r} is no column of numbers{where}; {NO_TEXT}"
