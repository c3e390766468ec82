"""Globs of names, as `--strategy`, `--pair`, `--backbone`, `--seed`, `--setting` and `--shots` take them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

from tlbench.core.local_paths import shown_name
from tlbench.core.names import composed
from tlbench.errors import TlbenchError, unknown
from tlbench.records.planned_cell import PlannedCell

#: Globs by what they filter; an empty list leaves everything.
Filters = Mapping[str, Sequence[str]]


def check(filters: Filters, cells: Sequence[PlannedCell]) -> None:
    """Raise `TlbenchError` for a filter that there is not, and for a glob that matches nothing at all."""
    for name, globs in filters.items():
        known = {value for cell in cells for value in _names(cell, name)}
        for glob in globs:
            if not any(_fits(value, glob) for value in known):
                raise TlbenchError(f"--{name} {glob!r}: {unknown(name, glob, known)}")


def leaves(filters: Filters, cell: PlannedCell) -> bool:
    """Whether every filter leaves a cell."""
    return all(
        not globs or any(_fits(value, glob) for value in _names(cell, name) for glob in globs)
        for name, globs in filters.items()
    )


def _names(cell: PlannedCell, name: str) -> set[str]:
    """What a cell is called by one filter: a variant by its strategy and its grid too."""
    names: dict[str, set[str]] = {
        "strategy": {cell.variant, cell.strategy, *filter(None, [cell.family])},
        "pair": {cell.pair},
        "backbone": {cell.backbone, shown_name(cell.backbone)},
        "seed": {str(cell.seed)},
        "setting": {cell.setting},
        "shots": {str(cell.shots)} if cell.shots is not None else set(),
    }
    if name not in names:
        raise TlbenchError(unknown("filter", name, names))
    return names[name]


def _fits(name: str, glob: str) -> bool:
    """A glob, or the name itself: names of grid members hold brackets, which a glob reads otherwise."""
    return name == glob or fnmatch.fnmatchcase(name, composed(glob))
