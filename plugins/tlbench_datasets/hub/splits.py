"""Which configurations and splits of a data set of the hub count, and what each split is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from tlbench.core.domain import SplitName
from tlbench.errors import DataError, unknown
from tlbench_datasets.hub.params import HubParams
from tlbench_datasets.shared.own_data import SPLIT_NAMES


@dataclass(frozen=True)
class UsedSplit:
    """A split of the hub; without a role it is dealt to train, val and test."""

    name: str
    role: SplitName | None = None


def configurations_of(title: str, there: Sequence[str], params: HubParams) -> tuple[str, ...]:
    """The configurations that count: all, or one where a column or the splits say the domains."""
    single = params.domain is not None or params.domains == "splits"
    wanted = tuple(params.configurations or there)
    # Without the network a data set does not know its configurations; loading one then says whether it is there.
    if list(there) != ["default"]:
        _check(f"{title}: configurations", "configuration", wanted, there)
    if single and len(wanted) > 1:
        by = "the column that domain names" if params.domain else "splits"
        message = f'domains are by {by}, of one configuration: name it, as in configurations = ["{wanted[0]}"]'
        raise DataError(f"{title}: {message}. There are: {', '.join(there)}")
    return wanted


def splits_as_domains(title: str, there: Sequence[str], params: HubParams) -> tuple[str, ...]:
    """The splits that are domains."""
    wanted = tuple(params.hub_splits or there)
    _check(f"{title}: hub_splits", "split", wanted, there)
    return wanted


def used_splits(title: str, there: Sequence[str], params: HubParams) -> tuple[UsedSplit, ...]:
    """The splits of a domain, with the roles that are given, or that their names say.

    Raises `DataError` where neither says which one is to test on.
    """
    if params.roles is not None:
        _check(f"{title}: roles", "split", params.roles.values(), there)
        return tuple(UsedSplit(name, cast(SplitName, role)) for role, name in params.roles.items())
    wanted = params.hub_splits or there
    _check(f"{title}: hub_splits", "split", wanted, there)
    if len(wanted) == 1:
        return (UsedSplit(wanted[0]),)
    named = tuple(UsedSplit(name, SPLIT_NAMES[name]) for name in wanted if name in SPLIT_NAMES)
    if {"train", "test"} <= {split.role for split in named}:
        return named
    some = f'roles = {{ train = "{wanted[0]}", test = "{wanted[-1]}" }}'
    message = f"the splits {', '.join(wanted)} do not say what to train and to test on: write {some} in [data], or "
    raise DataError(f'{title}: {message}hub_splits = ["{wanted[0]}"] to have that one dealt by the seed')


def _check(title: str, kind: str, names: Iterable[str], there: Sequence[str]) -> None:
    for name in names:
        if name not in there:
            raise DataError(f"{title}: {unknown(kind, name, there)}")
