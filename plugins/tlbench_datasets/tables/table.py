"""A table of users' own: one row per example, numbers as features or columns of text as inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from tlbench.core.domain import Domain
from tlbench.core.inputs import Inputs
from tlbench.core.library_warnings import hidden
from tlbench.core.names import composed
from tlbench.errors import DataError, unknown
from tlbench_datasets.shared.drawn_dataset import DrawnDataset
from tlbench_datasets.shared.drawn_splits import GroupedSplits, Members
from tlbench_datasets.shared.groups import Grouped
from tlbench_datasets.shared.own_data import (
    LICENCE,
    ORIGIN,
    Indices,
    check_names,
    domain_of,
    encode,
    files_fingerprint,
    located,
)
from tlbench_datasets.shared.scaling import Scale, as_float32, settled, standardised
from tlbench_datasets.tables.columns import check_columns, labels_of, named_in, splits_of, written
from tlbench_datasets.tables.faults import row_faults
from tlbench_datasets.tables.new_rows import numbers_from, reading_of, texts_from
from tlbench_datasets.tables.numbers import Numbers, counted_from_smallest, filled, find_numbers, smallest_of
from tlbench_datasets.tables.texts import lengths_of, texts_of


class TableParams(GroupedSplits):
    """Which columns say what. `features`: all other columns of numbers where it is left out.

    `split`: a column that says train, val or test. `group`: one that names a person, or what else gave several rows.
    `text`: a column of text, or several, which then are the inputs in place of numbers.
    `missing`: whether a value that is not there is a fault, or becomes the mean of its domain's training data ("mean",
    of numbers) or an empty text ("empty", of text).
    `scale`: whether features are standardised by the training data of their own domain.
    `id`: a column that names the rows, which then is no feature; by default they are numbered.
    """

    label: str
    domain: str
    split: str | None = None
    id: str | None = None
    features: list[str] | None = Field(None, min_length=1)
    text: str | list[str] | None = Field(None, min_length=1)
    missing: Literal["fail", "mean", "empty"] = "fail"
    scale: Scale = "none"

    @field_validator("label", "domain", "split", "group", "id", "features", "text")
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
        if self.split is not None and self.folds is not None:
            raise ValueError(f"split names a column with the splits, and folds = {self.folds} draws others; keep one")
        return self

    @property
    def texts(self) -> list[str]:
        """The columns of text."""
        return [self.text] if isinstance(self.text, str) else list(dict.fromkeys(self.text or []))

    @property
    def roles(self) -> dict[str, str | None]:
        """The columns that are no inputs."""
        roles = {"label": self.label, "domain": self.domain, "split": self.split, "group": self.group}
        return {**roles, "id": self.id}


class Table(DrawnDataset):
    """A table with a column of labels, one of domains, and inputs: numbers, float32 (n, features), or `Texts` (n,)."""

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN
    kind: ClassVar[str]
    #: Whether options say how numbers are written.
    number_options: ClassVar[bool] = False

    def __init__(self, argument: str, params: TableParams) -> None:
        super().__init__()
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
        names = named_in(self._title, values, self._params.domain, "domain")
        if not names:
            raise DataError(f"{self._title} has no rows")
        return check_names(self._title, set(names))

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """The rows of a domain. Raises `DataError` naming columns and rows that cannot be used."""
        title = f"{self._title}, domain {domain!r}"
        names, labels = self._classes(domain)
        if self._params.texts:
            texts, notes = texts_of(title, self._rows(domain), self._params.texts, self._params.missing)
            members, more = self._members(domain, texts, seed)
            reading = {"texts": self._params.texts, "missing": self._params.missing}
            items = self._items(domain)
            return domain_of(domain, "text", names, texts, labels, members, [*notes, *more], items, reading)
        columns, scale = self._numbers.columns, self._params.scale
        exact, offsets = self._exact(domain)
        members, drawn = self._members(domain, exact, seed)
        elsewhere = partial(self._means_elsewhere, domain, seed)
        counted = partial(self._means_elsewhere, domain, seed, offsets=offsets)
        whole, imputed = filled(title, columns, exact, members["train"], self._params.missing, counted)
        moved, said = standardised(columns, whole, members["train"]) if scale == "standardise" else (whole, [])
        stored, rounded = as_float32(columns, moved, scale)
        redrawn, grouped = self._params.split is None, self._params.group is not None
        kept, left_out = settled(title, whole, stored, members, drawn=redrawn, grouped=grouped)
        notes = [*self._numbers.notes, *drawn, *imputed, *said, *rounded, *left_out]
        reading = reading_of(columns, self._features(domain), kept["train"], self._params, elsewhere)
        return domain_of(domain, "vector", names, stored, labels, kept, notes, self._items(domain), reading)

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """Rows of a `pandas.DataFrame` with the columns that the model was trained on, or texts.

        Raises `DataError` naming columns that are not there or hold no numbers.
        """
        return texts_from(raw, reading) if "texts" in reading else numbers_from(raw, reading)

    def _items(self, domain: str) -> list[str]:
        """What names the rows: their column, or their number below the header."""
        if self._params.id is None:
            return [f"row {int(number) + 1}" for number in self._rows(domain).index]
        return self._role(domain, self._params.id, "id")

    def fingerprint(self) -> str:
        """Name, size and time of change of the file."""
        return files_fingerprint([self._path])

    def faults(self, domain: str | None = None) -> list[str]:
        """Labels, splits and values that are not there, and columns that cannot be read, each by itself."""
        title = self._title if domain is None else f"{self._title}, domain {domain!r}"
        rows = self._frame if domain is None else self._rows(domain)
        return row_faults(title, rows, self._params, lambda: self._numbers.columns)

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

    def _classes(self, domain: str) -> tuple[tuple[str, ...], Indices]:
        title, column = f"{self._title}, domain {domain!r}", self._params.label
        return encode(labels_of(title, self._rows(domain)[column], column))

    def _features(self, domain: str) -> NDArray[np.float64]:
        return self._rows(domain)[self._numbers.columns].to_numpy(dtype=np.float64, na_value=np.nan)

    def _exact(self, domain: str) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Features in which no number is rounded that is scaled afterwards, and what was taken from each column."""
        if self._params.scale == "none":
            return self._features(domain), None
        frame = self._rows(domain)[self._numbers.columns]
        return counted_from_smallest(frame), smallest_of(frame)

    def _means_elsewhere(
        self, domain: str, seed: int, places: Indices, offsets: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Means of some columns over the training data of the other domains, and which domains these are.

        `offsets` are taken from them, as from the features of the domain itself.
        """
        moved = 0.0 if offsets is None else offsets[places]
        found = []
        for other in self.domains:
            if other != domain:
                inputs = self._features(other)
                train = self._members(other, self._exact(other)[0], seed)[0]["train"]
                rows = inputs[train][:, places]
                if np.isfinite(rows).any():
                    found.append((other, rows))
        if not found:
            return np.full(len(places), np.nan), []
        with hidden():  # of columns without any value, which stay NaN
            means = np.nanmean(np.concatenate([rows for _, rows in found]), axis=0)
        return means - moved, [other for other, _ in found]

    def _names_splits(self, domain: str) -> bool:
        return self._params.split is not None

    def _grouped(self) -> dict[str, Grouped]:
        found = {}
        for domain in self.domains:
            names, labels = self._classes(domain)
            found[domain] = Grouped([names[label] for label in labels.tolist()], self._groups(domain) or ())
        return found

    def _groups(self, domain: str) -> list[str] | None:
        """Whom each row is of; None where no column says it."""
        return None if self._params.group is None else self._role(domain, self._params.group, "group")

    def _role(self, domain: str, column: str, role: str) -> list[str]:
        return named_in(f"{self._title}, domain {domain!r}", self._rows(domain)[column], column, role)

    def _members(self, domain: str, inputs: Inputs, seed: int) -> tuple[Members, list[str]]:
        groups = self._groups(domain)
        if self._params.split is None:
            names, labels = self._classes(domain)
            keys = [str(row) for row in range(len(labels))]
            return self._drawn(domain, seed, inputs, labels, names, keys, groups)
        column = self._params.split
        splits = splits_of(f"{self._title}, domain {domain!r}", self._rows(domain)[column], column)
        return self._given(domain, splits, groups), []
