"""Groups: all examples of a person, or of whatever else gave several, in one split, in every domain.

Strata are classes of domains; persons are dealt in shares of those of each, or by scikit-learn's StratifiedGroupKFold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tlbench.core.domain import SPLITS, SplitName
from tlbench.core.inputs import Inputs
from tlbench.core.library_warnings import hidden
from tlbench.core.seeds import derive
from tlbench.errors import DataError
from tlbench_datasets.shared.drawn_splits import Members, OwnSplits, partition_seed, validation_units, without_copies
from tlbench_datasets.shared.own_data import Indices, listed


@dataclass(frozen=True)
class Grouped:
    """The rows of a domain by their classes and persons, one name each."""

    labels: Sequence[str]
    groups: Sequence[str]


#: A class in a domain.
_Cell = tuple[str, str]
#: How many examples a person has of a class in a domain.
_Counts = Counter[tuple[_Cell, str]]
_ATTEMPTS = 50


def group_faults(domain: str, rows: Grouped, params: OwnSplits, group: str) -> list[str]:
    """Why no split of a domain leaves every person whole and every class on both sides."""
    if len(persons := set(rows.groups)) < 2:
        name = next(iter(persons), "")
        return [f"domain {domain!r}: {group!r} is {name!r} in every row; a split takes two or more, or leave out group"]
    least, what = (2, "train and test need one each") if params.folds is None else (params.folds, "one for each fold")
    having: dict[str, set[str]] = {}
    for label, person in zip(rows.labels, rows.groups, strict=True):
        having.setdefault(label, set()).add(person)
    hint = "leave out group" if params.folds is None else f"lower folds = {params.folds}"
    return [
        f"domain {domain!r}: all of class {label!r} is of {len(found)} {group!r} ({', '.join(sorted(found)[:3])}), "
        f"and it takes {least}, {what}; {hint}, or remove the class"
        for label, found in sorted(having.items())
        if len(found) < least
    ]


def split_groups(domains: Mapping[str, Grouped], params: OwnSplits, seed: int) -> dict[str, SplitName]:
    """The split of each person, in all domains that have examples of it.

    Persons are dealt in shares of those of each class of each domain. Of many draws with every class in train and test
    that one is taken in which the examples of classes come nearest to the shares. Raises `DataError` where there is
    none. Domains that cannot be split at all, see `group_faults`, hinder no others.
    """
    counts: _Counts = Counter()
    for domain, grouped in domains.items():
        counts.update(((domain, label), person) for label, person in zip(grouped.labels, grouped.groups, strict=True))
    possible = {domain for domain, grouped in domains.items() if not group_faults(domain, grouped, params, "")}
    cells = {cell for cell, _ in counts if cell[0] in possible}
    strata = _strata(counts)
    if params.folds is not None:
        return _fold(domains, strata, cells, params, seed)
    drawn = [_shares(strata, params, seed, attempt) for attempt in range(_ATTEMPTS)]
    both: tuple[SplitName, ...] = ("train", "test")
    whole = [chosen for chosen in drawn if all(_covers(counts, cells, chosen, split) for split in both)]
    if not whole:
        raise DataError(f"of {_ATTEMPTS} draws of whole groups none has every class in train and test; {_HINT}")
    return min(whole, key=lambda split: _unevenness(counts, split, params.splits))


_HINT = "leave out group, or the rarest classes"


def _strata(counts: _Counts) -> dict[str, _Cell]:
    """The stratum of each person: its class and domain, of several that which the fewest persons have."""
    having = Counter(cell for cell, _ in counts)
    cells: dict[str, list[_Cell]] = {}
    for cell, person in counts:
        cells.setdefault(person, []).append(cell)
    return {person: min(found, key=lambda cell: (having[cell], cell)) for person, found in sorted(cells.items())}


def _shares(strata: Mapping[str, _Cell], params: OwnSplits, seed: int, attempt: int) -> dict[str, SplitName]:
    by_cell: dict[_Cell, list[str]] = {}
    for person, cell in strata.items():
        by_cell.setdefault(cell, []).append(person)
    shares = params.by(seed)
    chosen: dict[str, SplitName] = {}
    for cell, persons in sorted(by_cell.items()):
        random = np.random.default_rng(derive(shares.seed, "groups", str(attempt), *cell))
        shuffled = [persons[place] for place in random.permutation(len(persons))]
        # By a draw where shares are no whole numbers, so that strata of two or three persons are not all cut alike.
        test, val = (int(share * len(persons) + random.random()) for share in (shares.splits[2], shares.splits[1]))
        test = min(max(1, test), len(persons) - 1)
        val = max(0, min(val, len(persons) - 1 - test))
        chosen |= dict.fromkeys(shuffled, "train")
        chosen |= dict.fromkeys(shuffled[:test], "test")
        chosen |= dict.fromkeys(shuffled[test : test + val], "val")
    return chosen


def _fold(
    domains: Mapping[str, Grouped], strata: Mapping[str, _Cell], cells: set[_Cell], params: OwnSplits, seed: int
) -> dict[str, SplitName]:
    """The persons of one fold to test on. Every seed finds the same partition, so that each person is tested once."""
    from sklearn.model_selection import StratifiedGroupKFold

    assert params.folds is not None
    persons = np.array([person for grouped in domains.values() for person in grouped.groups])
    rows = [(domain, label) for domain, grouped in domains.items() for label in grouped.labels]
    classes = np.unique(["\0".join(cell) for cell in rows], return_inverse=True)[1]
    for attempt in range(_ATTEMPTS):
        drawn = StratifiedGroupKFold(
            params.folds, shuffle=True, random_state=(partition_seed(params) + attempt) % 2**32
        )
        with hidden():  # of classes with fewer rows than folds, which are told of in our words
            parts = [test for _, test in drawn.split(persons, classes, persons)]
        # In every fold each class, and so two folds have it, of which one is trained on.
        if all(cells <= {rows[row] for row in part} for part in parts):
            break
    else:
        message = f"of {_ATTEMPTS} draws of {params.folds} folds of whole groups none has every class in each fold"
        raise DataError(f"{message}; lower folds, {_HINT}")
    tested = set(persons[parts[seed]].tolist())
    rest = {person: cell for person, cell in strata.items() if person not in tested}
    val = validation_units(["\0".join(cell) for cell in rest.values()], params, seed)
    chosen: dict[str, SplitName] = {p: "val" if taken else "train" for p, taken in zip(rest, val, strict=True)}
    return chosen | dict.fromkeys(tested, "test")


def _covers(counts: _Counts, cells: set[_Cell], chosen: Mapping[str, SplitName], split: SplitName) -> bool:
    """Whether a split has examples of all these classes."""
    return cells <= {cell for cell, person in counts if chosen[person] == split}


def _unevenness(counts: _Counts, chosen: Mapping[str, SplitName], shares: tuple[float, float, float]) -> float:
    """How far the examples of classes are from their shares, summed over classes and splits."""
    found: dict[_Cell, dict[str, int]] = {}
    for (cell, person), count in counts.items():
        found.setdefault(cell, dict.fromkeys(SPLITS, 0))[chosen[person]] += count
    return sum(
        abs(of[split] / sum(of.values()) - share)
        for of in found.values()
        for split, share in zip(SPLITS, shares, strict=True)
    )


def members_of(inputs: Inputs, groups: Sequence[str], chosen: Mapping[str, SplitName]) -> tuple[Members, list[str]]:
    """Rows by the splits of their persons, less copies of what stands in a later split; a note says how many."""
    splits = np.array([chosen[person] for person in groups])
    members: Members = {split: np.flatnonzero(splits == split).astype(np.int64) for split in SPLITS}
    kept, dropped = without_copies(inputs, members)
    note = f"copies of what another person has in a later split, test being the last, are left out: {dropped}"
    return kept, [note] if dropped else []


def check_groups(title: str, groups: Sequence[str], members: Mapping[SplitName, Indices], group: str) -> None:
    """Raise `DataError` where splits that the data name themselves divide a person."""
    found: dict[str, set[str]] = {}
    for split, rows in members.items():
        for row in rows.tolist():
            found.setdefault(groups[row], set()).add(split)
    if torn := [person for person, splits in sorted(found.items()) if len(splits) > 1]:
        named = ", ".join(map(repr, listed(torn)))
        message = f"{len(torn)} of {group!r} stand in several of the splits that the data give ({named})"
        raise DataError(f"{title}: {message}; leave the splits out and they are drawn by group, or leave out group")
