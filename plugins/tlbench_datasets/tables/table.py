"""A table of users' own: one row per example, numbers as features or columns of text as inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from tlbench.core.domain import Dataset, Domain, SplitName
from tlbench.core.inputs import Inputs
from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.shared.own_data import (
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
    located,
)
from tlbench_datasets.shared.scaling import Scale, as_float32, deal_numbers, settled, standardised
from tlbench_datasets.tables.columns import absent, check_columns, labels_of, written
from tlbench_datasets.tables.numbers import Numbers, counted_from_smallest, filled, find_numbers
from tlbench_datasets.tables.texts import lengths_of, texts_of


class TableParams(SplitParams):
    """Which columns say what. `features`: all other columns of numbers where it is left out.

    `text`: a column of text, or several, which then are the inputs in place of numbers.
    `missing`: whether a value that is not there is a fault, or becomes the mean of its domain's training data ("mean",
    of numbers) or an empty text ("empty", of text).
    `scale`: whether features are standardised by the training data of their own domain.
    """

    label: str
    domain: str
    split: str | None = None
    features: list[str] | None = Field(None, min_length=1)
    text: str | list[str] | None = Field(None, min_length=1)
    missing: Literal["fail", "mean", "empty"] = "fail"
    scale: Scale = "none"

    @field_validator("label", "domain", "split", "features", "text")
    @classmethod
    def _names_have_one_form(cls, given: Any) -> Any:
        return [composed(name) for name in given] if isinstance(given, list) else given and composed(given)

    @model_validator(mode="after")
    def _inputs_are_numbers_or_text(self) -> TableParams:
        if self.text is None and self.missing == "empty":
            raise ValueError("missing = 'empty' is for text; of numbers it is 'fail' or 'mean'")
        if self.text is not None and self.missing == "mean":
            raise ValueError("missing = 'mean' is for numbers; of text it is 'fail' or 'empty'")
        if self.text is not None and (self.features is not None or self.scale != "none"):
            raise ValueError("text and features (or their scale) do not go together; inputs are one or the other")
        return self

    @property
    def texts(self) -> list[str]:
        """The columns of text."""
        return [self.text] if isinstance(self.text, str) else list(dict.fromkeys(self.text or []))

    @property
    def roles(self) -> dict[str, str | None]:
        """The columns that are no inputs."""
        return {"label": self.label, "domain": self.domain, "split": self.split}


class Table(Dataset):
    """A table with a column of labels, one of domains, and inputs: numbers, float32 (n, features), or `Texts` (n,)."""

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN
    kind: ClassVar[str]
    #: Whether options say how numbers are written.
    number_options: ClassVar[bool] = False

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
        """These columns, or all; label, domain, split and text as they are written."""

    def _unreadable(self, error: Exception) -> str:
        """What the reader has against the file."""
        return f"cannot be read: {str(error).strip()}"

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The values of the column of domains."""
        with self._reading():
            there = self._columns()
        check_columns(
            self._title, there, self._params.roles, features=self._params.features or (), text=self._params.texts
        )
        with self._reading():
            values = self._read([self._params.domain])[self._params.domain]
        if values.isna().any():
            raise DataError(f"{self._title}: {absent(values, self._params.domain, 'domain')}")
        if values.empty:
            raise DataError(f"{self._title} has no rows")
        return check_names(self._title, set(written(values)))

    def load(self, domain: str) -> Domain:
        """The rows of a domain. Raises `DataError` naming columns and rows that cannot be used."""
        title = f"{self._title}, domain {domain!r}"
        rows = self._rows(domain)
        names, labels = encode(labels_of(title, rows[self._params.label], self._params.label))
        if self._params.texts:
            texts, notes = texts_of(title, rows, self._params.texts, self._params.missing)
            members = self._members(title, rows, texts, labels, names)
            return domain_of(domain, "text", names, texts, labels, members, notes)
        columns = self._numbers.columns
        scale, notes = self._params.scale, list(self._numbers.notes)
        if scale == "standardise":
            exact = counted_from_smallest(rows[columns])
        else:
            exact = rows[columns].to_numpy(dtype=np.float64, na_value=np.nan)
        members = self._members(title, rows, exact, labels, names)
        whole, imputed = filled(title, columns, exact, members["train"], self._params.missing)
        moved, said = standardised(columns, whole, members["train"]) if scale == "standardise" else (whole, [])
        stored, rounded = as_float32(columns, moved, scale)
        notes += [*imputed, *said, *rounded]
        final = settled(title, whole, stored, members, drawn=self._params.split is None)
        return domain_of(domain, "vector", names, stored, labels, final, notes)

    def fingerprint(self) -> str:
        """Name, size and time of change of the file."""
        return files_fingerprint([self._path])

    def about(self, domain: str) -> list[str]:
        """The range of the features, by which one sees whether they have a like scale; of texts their lengths."""
        if self._params.texts:
            return [lengths_of(texts_of(self._title, self._rows(domain), self._params.texts, "empty")[0])]
        features = self._frame[self._numbers.columns]
        lowest, highest = features.min(), features.max()
        widest = str((highest - lowest).astype(float).idxmax())
        return [f"widest column: {widest}, {lowest[widest]:g} to {highest[widest]:g}"]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # the parsers' own errors are ValueErrors
            raise DataError(f"{self._title} {self._unreadable(error)}") from error

    @cached_property
    def _frame(self) -> pd.DataFrame:
        roles = [name for name in self._params.roles.values() if name]
        with self._reading():
            # Of a table of texts, columns that are not asked for may be large.
            return self._read([*roles, *self._params.texts] if self._params.texts else None)

    def _rows(self, domain: str) -> pd.DataFrame:
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        ours = np.array(written(self._frame[self._params.domain])) == domain
        rows: pd.DataFrame = self._frame[ours]
        return rows

    @cached_property
    def _numbers(self) -> Numbers:
        roles, features = list(self._params.roles.values()), self._params.features
        return find_numbers(self._title, self._frame, roles, features, self.number_options)

    def _members(
        self, title: str, rows: pd.DataFrame, inputs: Inputs, labels: Indices, names: Sequence[str]
    ) -> dict[SplitName, Indices]:
        if self._params.split is None:
            keys = [str(row) for row in range(len(rows))]
            if isinstance(inputs, np.ndarray):
                return deal_numbers(title, inputs, labels, names, keys, self._params, self._params.scale)
            return deal(title, inputs, labels, names, keys, self._params)
        column = rows[self._params.split]
        if column.isna().any():
            raise DataError(f"{title}: {absent(column, self._params.split, 'split')}")
        values = written(column)
        if wrong := sorted(set(values) - SPLIT_NAMES.keys()):
            raise DataError(f"{title}: {unknown('split', wrong[0], SPLIT_NAMES)} (column {self._params.split!r})")
        return given_splits(title, [SPLIT_NAMES[value] for value in values])
