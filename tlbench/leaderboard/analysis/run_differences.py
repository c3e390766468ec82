"""In what the runs of two result sets were made differently, which decides what their difference means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.result_set import ResultSet

#: What of a run's description is the same for the whole of a suite.
COMMON = ("budget", "training", "compute", "protocol")


def check_same_data(a: ResultSet, b: ResultSet, names: tuple[str, str]) -> None:
    """Raise `TlbenchError` where the same name stands for other data, so that scores cannot be paired."""
    if a.plan.dataset != b.plan.dataset:
        raise TlbenchError(
            f"{names[0]} is of the dataset {a.plan.dataset!r} and {names[1]} of {b.plan.dataset!r}; "
            "only results on the same data can be compared"
        )
    first, second = _revisions(a), _revisions(b)
    other = [domain for domain in first if domain in second and first[domain] != second[domain]]
    if other:
        raise TlbenchError(
            f"{names[0]} and {names[1]} hold different data as {', '.join(other)} of {a.plan.dataset!r} (other "
            "revisions), so their scores cannot be paired; run one of the two again"
        )


def differences(a: ResultSet, b: ResultSet) -> list[str]:
    """A note for each thing in which the runs of A and B were made differently."""
    first, second = _made(a), _made(b)
    return [
        f"made differently: {name} is {_among(first[owner], name)} in A, {_among(second[owner], name)} in B"
        for owner in first
        if owner in second
        for name in {**first[owner], **second[owner]}
        if first[owner].get(name) != second[owner].get(name)
    ]


def _among(values: dict[str, set[str]], name: str) -> str:
    """The values that occur, in order. A record lacks parameters that came later and have their defaults."""
    return ", ".join(sorted(values.get(name, {"its default"})))


def _revisions(result_set: ResultSet) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in result_set.records.values():
        for domain, revision in record.spec.revisions.items():
            found.setdefault(domain, set()).add(revision)
    return found


def _made(result_set: ResultSet) -> dict[str, dict[str, set[str]]]:
    """The values of settings that occur, by name, of the whole result set ("") and of each variant and backbone."""
    found: dict[str, dict[str, set[str]]] = {}
    for record in result_set.records.values():
        spec = record.spec.model_dump(mode="json")
        common = {name: spec[name] for name in COMMON}
        own = {"version": spec["strategy_version"], **spec["params"]}
        settings = {"": common, record.variant: own, record.backbone: {"version": spec["backbone_version"]}}
        for owner, made in settings.items():
            for name, value in _flat(owner, made):
                found.setdefault(owner, {}).setdefault(name, set()).add(value)
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield name, value if isinstance(value, str) else json.dumps(value)
        return
    for key, part in value.items():
        yield from _flat(f"{name}.{key}" if name else key, part)
