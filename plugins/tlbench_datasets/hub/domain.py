"""One domain out of a data set of the hub: its rows, their inputs, and the splits that the hub has them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlbench.core.domain import Modality, SplitName
from tlbench.core.inputs import Inputs
from tlbench.errors import DataError, Faults
from tlbench_datasets.hub.columns import check_columns, input_columns, names_in, rows_of
from tlbench_datasets.hub.params import HubParams
from tlbench_datasets.hub.rows import Read, Rows, labelled, read_images, read_texts, sampled
from tlbench_datasets.hub.splits import UsedSplit, used_splits
from tlbench_datasets.shared.drawn_splits import Members, without_copies
from tlbench_datasets.shared.groups import Grouped
from tlbench_datasets.shared.own_data import Indices, encode, listed


@dataclass(frozen=True)
class Place:
    """Where one domain is: a configuration; of it one split alone, or the rows that name the domain in a column."""

    configuration: str
    split: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class DomainRows:
    """The rows of a domain that can be read, with what names them, and whom they are of where a column says it.

    `roles` are those that splits of the hub keep, one for each row, or none.
    """

    inputs: Inputs
    modality: Modality
    class_names: tuple[str, ...]
    labels: Indices
    keys: list[str]
    roles: list[SplitName]
    groups: list[str] | None
    notes: list[str]
    items: list[str]
    reading: Mapping[str, Any]


def read_domain(title: str, place: Place, tables: Mapping[str, Any], params: HubParams) -> DomainRows:
    """The rows at a place, from the splits of its configuration.

    Raises `Faults` naming what cannot be read, unless that is to be skipped, and `DataError` for what is not there.
    """
    parts, notes = _parts(title, place, tables, params)
    others = (params.label, params.domain, params.group)
    columns, modality = input_columns(title, parts[0].table.features, params.inputs, others)
    read = read_images(parts, columns[0], params.size) if modality == "image" else read_texts(parts, columns)
    notes += _forgiven(title, modality, read, params)
    class_names, labels = encode(np.concatenate([rows.labels for rows in parts])[read.rows].tolist())
    roles = [rows.role for rows in parts for _ in range(len(rows))]
    given = [role for row in read.rows if (role := roles[row])]
    every = _groups(title, parts, params)
    groups = None if every is None else [every[row] for row in read.rows]
    return DomainRows(
        read.inputs,
        modality,
        class_names,
        labels,
        read.keys,
        given,
        groups,
        notes,
        read.items,
        {"size": params.size} if modality == "image" else {"columns": list(columns)},
    )


def grouped(title: str, place: Place, tables: Mapping[str, Any], params: HubParams) -> Grouped | None:
    """Classes and groups of a domain without its inputs; None where splits of the hub have roles."""
    parts, _ = _parts(title, place, tables, params)
    if any(rows.role for rows in parts):
        return None
    labels = [str(label) for rows in parts for label in rows.labels.tolist()]
    return Grouped(labels, _groups(title, parts, params) or ())


def _groups(title: str, parts: Sequence[Rows], params: HubParams) -> list[str] | None:
    if params.group is None:
        return None
    found: list[str] = []
    for rows in parts:
        check_columns(title, rows.table.features, {"group": params.group})
        names = names_in(title, rows.table, params.group, "group")
        if missing := [number for number in rows.numbers.tolist() if names[number] is None]:
            message = f"{len(missing)} rows of split {rows.split!r} have no group in column {params.group!r}"
            raise DataError(f"{title}: {message}, the first is row {missing[0]}")
        found += [str(names[number]) for number in rows.numbers.tolist()]
    return found


def _parts(title: str, place: Place, tables: Mapping[str, Any], params: HubParams) -> tuple[list[Rows], list[str]]:
    """The rows of a domain, split by split, and what is to be told of them."""
    used = (UsedSplit(place.split),) if place.split else used_splits(title, list(tables), params)
    every = [_rows(title, place, tables[split.name], split, params) for split in used]
    most = params.max_per_class
    parts = [rows if most is None else sampled(rows, most, params.seed or 0) for rows in every if len(rows)]
    if not parts:
        raise DataError(f"{title}: {' and '.join(repr(split.name) for split in used)} hold no rows of it")
    notes = []
    unused = [repr(split) for split in tables if split not in {split.name for split in used}]
    if unused and not place.split:
        notes.append(f"splits of the hub that do not count: {', '.join(unused)}")
    if most is not None:
        counts = f"{sum(map(len, parts))} of {sum(map(len, every))} rows"
        notes.append(f"a sample: at most {most} of each class in each of the hub's splits, {counts}")
    return parts, notes


def _rows(title: str, place: Place, table: Any, split: UsedSplit, params: HubParams) -> Rows:
    check_columns(title, table.features, {"label": params.label, "domain": params.domain})
    chosen = None
    if params.domain is not None and place.value is not None:
        chosen = rows_of(title, table, params.domain, place.value)
    return labelled(title, table, split, chosen, params.label)


def _forgiven(title: str, modality: str, read: Read, params: HubParams) -> list[str]:
    """A note on what cannot be read, where that is no fault."""
    if not read.faults:
        return []
    what = f"{len(read.faults)} {modality}{'' if len(read.faults) == 1 else 's'} that cannot be read"
    if params.on_error == "skip" and read.rows:
        return [f"{what} left out: {'; '.join(listed(read.faults))}"]
    hint = 'set on_error = "skip" in [data] to leave them out' if read.rows else "none is left"
    raise Faults(f"{title}: {what}; {hint}", listed(read.faults))


def kept(inputs: Inputs, members: Members) -> tuple[Members, list[str]]:
    """The hub's own splits, without what stands in two of them."""
    members, dropped = without_copies(inputs, members)
    note = f"copies of what stands in a later split too, test being the last, are left out: {dropped}"
    return members, [note] if dropped else []
