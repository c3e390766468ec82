"""What datasets of users' own files have in common: the splits that the files name, or those that a seed draws."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tlbench.core.domain import Dataset, Domain, SplitName, SplitOrigin
from tlbench.core.inputs import Inputs, SparseRows, Texts
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.drawn_splits import Members, OwnSplits, draw
from tlbench_datasets.shared.groups import Grouped, check_groups, group_faults, members_of, split_groups
from tlbench_datasets.shared.own_data import Indices, given_splits
from tlbench_datasets.shared.scaling import Scale, deal_numbers


class DrawnDataset(Dataset):
    """A dataset whose Params are `OwnSplits`, or `GroupedSplits` where a column or a name can say groups."""

    _params: Any
    _title: str

    def __init__(self) -> None:
        self._splits_of_groups: dict[int, dict[str, SplitName]] = {}

    def load(self, domain: str) -> Domain:
        """The domain as a run of seed 0 has it."""
        return self.load_drawn(domain, 0)

    @abstractmethod
    def load_drawn(self, domain: str, seed: int) -> Domain:
        """The domain with the splits of a seed. Raises `DataError` naming what cannot be used."""

    @abstractmethod
    def _names_splits(self, domain: str) -> bool:
        """Whether the files say the splits of a domain."""

    def _grouped(self) -> Mapping[str, Grouped]:
        """Classes and groups of the rows of all domains without splits of their own, read without their inputs."""
        raise NotImplementedError

    @property
    def _group(self) -> str | None:
        return getattr(self._params, "group", None)

    def split_origin(self, domain: str) -> SplitOrigin:
        """The seed of each run draws the splits, unless the files name them or `seed` asks for one."""
        params: OwnSplits = self._params
        return params.origin(given=self._names_splits(domain), group=self._group)

    def seed_faults(self, seeds: Sequence[int]) -> Sequence[str]:
        """Seeds that name no fold."""
        params: OwnSplits = self._params
        return params.seed_faults(seeds)

    def _drawn(
        self,
        domain: str,
        seed: int,
        inputs: Inputs,
        labels: Indices,
        class_names: Sequence[str],
        keys: Sequence[str],
        groups: Sequence[str] | None = None,
    ) -> tuple[Members, list[str]]:
        """Rows of each split, with notes. `keys` name rows within their class, `groups` whom they are of.

        Of numbers, which are rounded when they are stored, copies are found as `deal_numbers` says.
        """
        title = f"{self._title}, domain {domain!r}"
        if not isinstance(inputs, SparseRows | Texts) and np.dtype(inputs.dtype) != np.uint8:
            scale: Scale = getattr(self._params, "scale", "none")
            drawn = partial(self._draw, title, domain, seed, labels, class_names, keys, groups)
            return deal_numbers(title, inputs, scale, drawn)
        return self._draw(title, domain, seed, labels, class_names, keys, groups, inputs)

    def _draw(
        self,
        title: str,
        domain: str,
        seed: int,
        labels: Indices,
        class_names: Sequence[str],
        keys: Sequence[str],
        groups: Sequence[str] | None,
        inputs: Inputs,
    ) -> tuple[Members, list[str]]:
        if self._group is None or groups is None:
            return draw(title, inputs, labels, class_names, keys, self._params, seed), []
        rows = Grouped([class_names[label] for label in labels.tolist()], groups)
        if faults := group_faults(domain, rows, self._params, self._group):
            raise Faults(f"{self._title}: cannot be split by group", faults)
        # One split for all seeds is drawn by one seed.
        place = seed if self._params.redrawn else 0
        if place not in self._splits_of_groups:
            try:
                self._splits_of_groups[place] = split_groups(self._grouped(), self._params, place)
            except DataError as error:
                raise DataError(f"{self._title}: cannot be split by group: {error}") from error
        return members_of(inputs, groups, self._splits_of_groups[place])

    def _given(self, domain: str, splits: Sequence[SplitName], groups: Sequence[str] | None = None) -> Members:
        """Rows by the splits that the files name, none of which divides a group."""
        title = f"{self._title}, domain {domain!r}"
        if self._params.folds is not None:
            asked = f"folds = {self._params.folds} in [data] asks for others"
            raise DataError(f"{title}: the data name their splits, and {asked}; leave out one of the two")
        members = given_splits(title, splits)
        if self._group is not None and groups is not None:
            check_groups(title, groups, members, self._group)
        return members
