"""Data sets of the Hugging Face hub, images or texts, and folders in its layout: `hub:OWNER/NAME`, `hub:./FOLDER`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from tlbench.core.domain import Domain
from tlbench.core.inputs import Inputs
from tlbench.errors import DataError, unknown
from tlbench_datasets.hub.columns import check_columns, domain_names
from tlbench_datasets.hub.domain import DomainRows, Place, grouped, kept, read_domain
from tlbench_datasets.hub.outline import Outline, outlined
from tlbench_datasets.hub.params import HubParams
from tlbench_datasets.hub.source import HubSource
from tlbench_datasets.hub.splits import configurations_of, splits_as_domains, used_splits
from tlbench_datasets.images.decoding import images_from
from tlbench_datasets.shared.drawn_dataset import DrawnDataset
from tlbench_datasets.shared.drawn_splits import LastMade
from tlbench_datasets.shared.groups import Grouped
from tlbench_datasets.shared.own_data import check_names, domain_of
from tlbench_datasets.tables.new_rows import texts_from


class Hub(DrawnDataset):
    """Images or texts with a class each; domains by configuration, by split or by a column.

    Images become uint8 (n, 3, size, size), as of `folder:`; texts stay texts. Splits called train and test stay what
    they are, but training data that stand in the test data too are left out. One split alone is dealt by the seed.
    """

    licence: ClassVar[str] = "that of the data set, which its page on the hub states"
    origin: ClassVar[str] = "https://huggingface.co/datasets"

    class Params(HubParams):
        """As of every data set of the hub."""

    def __init__(self, argument: str, params: HubParams | None = None) -> None:
        super().__init__()
        self._params = params or self.Params.model_validate({})
        self._last: LastMade[DomainRows] = LastMade()
        named = [name for name in (self._params.label, self._params.domain, self._params.group) if name]
        self._source = HubSource(argument, self._params.revision, named)
        self._title = self._source.title

    @classmethod
    def outline(cls, argument: str) -> Outline:
        """What can be chosen from; `tlbench doctor` asks."""
        return outlined(HubSource(argument))

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """Names of configurations or splits, for which no row is read, or the values of the column of domains."""
        return check_names(self._title, self._places)

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """The rows of a domain. Raises `TlbenchError` naming columns, splits and rows that cannot be used."""
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        rows = self._last.get(domain, lambda: read_domain(*self._at(domain), self._params))
        names, labels = rows.class_names, rows.labels
        if rows.roles:
            members, notes = kept(rows.inputs, self._given(domain, rows.roles, rows.groups))
        else:
            members, notes = self._drawn(domain, seed, rows.inputs, labels, names, rows.keys, rows.groups)
        commit = [] if self._source.folder is not None else [f"revision {self._commit} of the hub"]
        notes = [*commit, *rows.notes, *notes]
        return domain_of(domain, rows.modality, names, rows.inputs, labels, members, notes, rows.items, rows.reading)

    def _at(self, domain: str) -> tuple[str, Place, Mapping[str, Any]]:
        """What a domain is called in errors, its place, and the splits of its configuration."""
        place = self._places[domain]
        return f"{self._title}, domain {domain!r}", place, self._source.rows(place.configuration)

    def _names_splits(self, domain: str) -> bool:
        title, place, tables = self._at(domain)
        return place.split is None and any(split.role for split in used_splits(title, list(tables), self._params))

    def _grouped(self) -> dict[str, Grouped]:
        found = {name: grouped(*self._at(name), self._params) for name in self.domains}
        return {name: rows for name, rows in found.items() if rows is not None}

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """Images from their files, made as those of the domain were, or texts."""
        if "size" in reading:
            return images_from(raw, int(reading["size"]))
        return texts_from(raw, {"texts": reading["columns"], "missing": "fail"})

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> list[str]:
        """What is new, for rows of the hub are not files."""
        return ["", 'raw = ["new/1.jpg", "new/2.jpg"]  # files of images; of a data set of texts, the texts']

    def fingerprint(self) -> str:
        """Names, sizes and times of change of a folder's files; the commit of the hub."""
        return self._commit

    def about(self, domain: str) -> list[str]:
        """Where the domain is."""
        place = self._places[domain]
        column = [f"{self._params.domain} = {place.value}"] if place.value else []
        return [f"configuration {place.configuration}", *([f"split {place.split}"] if place.split else []), *column]

    @cached_property
    def _commit(self) -> str:
        return self._source.fingerprint(self._configurations[0])

    @cached_property
    def _configurations(self) -> tuple[str, ...]:
        return configurations_of(self._title, self._source.configurations, self._params)

    @cached_property
    def _places(self) -> dict[str, Place]:
        first = self._configurations[0]
        if self._params.domain is not None:
            return {name: Place(first, value=name) for name in self._values(first, self._params.domain)}
        if self._params.domains == "splits":
            names = splits_as_domains(self._title, self._source.splits(first), self._params)
            return {name: Place(first, split=name) for name in names}
        return {name: Place(name) for name in self._configurations}

    def _values(self, configuration: str, column: str) -> set[str]:
        tables = self._source.rows(configuration)
        names: set[str] = set()
        for split in used_splits(self._title, list(tables), self._params):
            check_columns(self._title, tables[split.name].features, {"domain": column})
            names |= domain_names(f"{self._title}, split {split.name!r}", tables[split.name], column)
        return names
