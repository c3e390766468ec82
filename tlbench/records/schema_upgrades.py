"""Records of earlier layouts, brought to the present one step by step when they are read; their files stay as they are.

A layout that changes in more than a new field with a default raises `SCHEMA_VERSION`, and gets a function here that
makes of a record of the version before one of the next: `UPGRADES[1]` makes version 2 of version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
#: There has been one layout so far.
UPGRADES: Mapping[int, Upgrade] = {}


def upgraded(record: dict[str, Any], version: int, upgrades: Mapping[int, Upgrade] | None = None) -> dict[str, Any]:
    """The record in the layout `version`. Raises `ValueError` for one of a version from which no way leads there."""
    steps = UPGRADES if upgrades is None else upgrades
    while (at := version_of(record)) != version:
        if at is None or at not in steps:
            raise ValueError(f"schema_version {record.get('schema_version')!r} is not known")
        record = {**steps[at](record), "schema_version": at + 1}
    return record


def version_of(record: Any) -> int | None:
    """The layout that a record says it has; None where it says none."""
    found = record.get("schema_version") if isinstance(record, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None
