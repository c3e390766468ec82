"""What can be chosen from in a data set of the hub, before anything is chosen: for a suite that is suggested."""

from __future__ import annotations

from dataclasses import dataclass

from tlbench_datasets.hub.columns import Kind, kinds_of
from tlbench_datasets.hub.source import HubSource


@dataclass(frozen=True)
class Outline:
    """Configurations; and of the first of them the splits, and what the columns hold."""

    configurations: tuple[str, ...]
    splits: tuple[str, ...]
    columns: dict[str, Kind]


def outlined(source: HubSource) -> Outline:
    """Look into a data set; its first configuration is downloaded for it."""
    tables = source.rows(source.configurations[0])
    return Outline(source.configurations, tuple(tables), kinds_of(next(iter(tables.values())).features))
