"""Splits of users' own data: drawn anew by the seed of each run, or once, or as folds, persons never divided.

Over one split an interval covers the seeds of training alone. Which few examples are tested moves a number more: of 25
test patients one is 4 points. So each seed draws its own split, unless `seed` in `[data]` asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from tlbench.core.domain import SplitName, SplitOrigin
from tlbench.core.inputs import Inputs, digests
from tlbench.core.seeds import derive
from tlbench.core.strategy import Params
from tlbench.errors import Faults
from tlbench_datasets.shared.own_data import Indices, Shares, SplitParams, deal, equal_rows, listed

_Made = TypeVar("_Made")
Members = dict[SplitName, Indices]
#: Test data stay whole; training data give way.
_FIRST_KEPT: tuple[SplitName, ...] = ("test", "val", "train")


class OwnSplits(Params):
    """How examples without a split of their own are dealt to train, val and test: shares of each class.

    `seed` draws one split for all runs; without it the seed of each run draws its own. `folds`: the test data of seed 0
    are the first of so many folds, those of seed 1 the second, and so on; `seed` then draws the folds.
    """

    splits: Shares = (0.7, 0.1, 0.2)
    seed: int | None = Field(None, ge=0)
    folds: int | None = Field(None, ge=2)

    @field_validator("folds")
    @classmethod
    def _folds_are_the_share_of_test(cls, folds: int | None, info: ValidationInfo) -> int | None:
        shares = info.data.get("splits")
        if folds and shares and shares != cls.model_fields["splits"].default and abs(shares[2] - 1 / folds) > 0.01:
            val = shares[1]
            message = f"{folds} test on 1/{folds} of the examples at a time, and splits says {shares[2]:g}"
            raise ValueError(f"{message}; write splits = [{1 - val - 1 / folds:.3g}, {val:g}, {1 / folds:.3g}]")
        return folds

    @property
    def redrawn(self) -> bool:
        """Whether splits differ from seed to seed."""
        return self.seed is None or self.folds is not None

    def origin(self, *, given: bool, group: str | None = None) -> SplitOrigin:
        """Where the splits of a domain come from; `given` are those that the data name themselves."""
        if given:
            return SplitOrigin(grouped=group is not None)
        whole = f", all of one {group} in one split" if group else ""
        if self.folds:
            return SplitOrigin(True, f"a fold of {self.folds} is tested by each seed{whole}", group is not None)
        if self.seed is not None:
            one = f"one split, drawn by seed = {self.seed}, for all seeds{whole}: intervals do not cover the split"
            return SplitOrigin(False, one, group is not None)
        words = f"drawn anew by each seed{whole}: intervals over seeds cover the split"
        return SplitOrigin(True, words, group is not None)

    def seed_faults(self, seeds: Sequence[int]) -> list[str]:
        """What is wrong with these seeds of a suite."""
        if self.folds is None or not (beyond := [seed for seed in seeds if seed >= self.folds]):
            return []
        last, named = self.folds - 1, ", ".join(map(str, beyond))
        message = f"folds = {self.folds} in [data]: a seed names a fold, from 0 to {last}, and seeds holds {named}"
        return [f"{message}; write seeds = {list(range(self.folds))}, or folds = {max(seeds) + 1}"]

    def by(self, seed: int) -> SplitParams:
        """The shares, and the seed that draws the split of a run."""
        return SplitParams(splits=self.splits, seed=seed if self.seed is None else self.seed)


class GroupedSplits(OwnSplits):
    """`group`: what names a person, or whatever else gave several examples; all of a person are in one split."""

    group: str | None = Field(None, min_length=1)


class LastMade(Generic[_Made]):
    """What was made last: all splits of one domain are drawn, one after the other, before the next is read."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._made: _Made

    def get(self, key: str, make: Callable[[], _Made]) -> _Made:
        """What was made under this key, or what is made now."""
        if self._key != key:
            self._key = None
            self._made = make()
            self._key = key
        return self._made


def draw(
    title: str,
    inputs: Inputs,
    labels: Indices,
    class_names: Sequence[str],
    keys: Sequence[str],
    params: OwnSplits,
    seed: int,
) -> Members:
    """Rows of each split, in a run of this seed, where no groups are asked for. See `deal`, which `keys` are for.

    Raises `Faults` naming classes that are too small.
    """
    if params.folds is None:
        return deal(title, inputs, labels, class_names, keys, params.by(seed))
    from sklearn.model_selection import StratifiedKFold  # here, for it takes its time to import

    copies = equal_rows(inputs)
    firsts = np.array([rows[0] for rows in copies])
    counts = np.bincount(labels[firsts], minlength=len(class_names))
    small = [
        f"class {class_names[index]!r} has {counts[index]}" for index in np.flatnonzero(counts < params.folds).tolist()
    ]
    if small:
        message = f"fewer different examples than folds = {params.folds}; lower folds, or remove the class"
        raise Faults(f"{title}: cannot be split", [f"{text}, {message}" for text in listed(small)])
    folds = StratifiedKFold(params.folds, shuffle=True, random_state=partition_seed(params))
    rest, test = list(folds.split(firsts, labels[firsts]))[seed]
    val = validation_units(labels[firsts[rest]].tolist(), params, seed)
    chosen: dict[SplitName, Sequence[int]] = {"train": rest[~val].tolist(), "val": rest[val].tolist(), "test": test}
    return {
        split: np.array(sorted(row for unit in units for row in copies[unit]), np.int64)
        for split, units in chosen.items()
    }


def partition_seed(params: OwnSplits) -> int:
    """What draws the folds, the same for all seeds."""
    return derive(params.seed or 0, "folds") % 2**32


def validation_units(strata: Sequence[str | int], params: OwnSplits, seed: int) -> NDArray[np.bool_]:
    """Which of the units beside a test fold are for validation: their share of all, of each stratum; one stays."""
    assert params.folds is not None
    share = params.splits[1] * params.folds / (params.folds - 1)
    array, chosen = np.array(strata), np.zeros(len(strata), np.bool_)
    for stratum in np.unique(array):
        members = np.flatnonzero(array == stratum)
        order = np.random.default_rng(derive(params.seed or 0, "val", str(seed), str(stratum))).permutation(members)
        chosen[order[: min(round(share * len(members)), len(members) - 1)]] = True
    return chosen


def without_copies(inputs: Inputs, members: Mapping[SplitName, Indices]) -> tuple[Members, str]:
    """Splits that do not overlap, and how many rows of which were left out: what is tested on is not trained on.

    The latter in words, `3 of train`; nothing where none were.
    """
    contents = list(digests(inputs))
    kept: Members = {}
    dropped: dict[SplitName, int] = {}
    seen: set[bytes] = set()
    for split in _FIRST_KEPT:
        rows = members[split]
        kept[split] = np.array([row for row in rows.tolist() if contents[row] not in seen], np.int64)
        if left := len(rows) - len(kept[split]):
            dropped[split] = left
        seen |= {contents[row] for row in rows.tolist()}
    return kept, ", ".join(f"{count} of {split}" for split, count in dropped.items())
