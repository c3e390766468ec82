"""Who submits what, made where: the part of a submission that people read first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.publishing.run_environment import device
from tlbench.records.record import Record


class About(BaseModel):
    """What `submission.json` holds. Dates are UTC; `versions` are those of the plugins, by strategy."""

    model_config = ConfigDict(extra="forbid")

    suite: str
    contributor: str
    note: str = ""
    runs: int
    started: str
    ended: str
    hardware: list[str]
    commits: list[str]
    commands: list[str]
    versions: dict[str, str]


def about(result_set: ResultSet, contributor: str, note: str) -> About:
    """From the records alone, so that the same records give the same words."""
    ran = [record for record in result_set.records.values() if record.status != "skipped"]
    sources = [record.provenance for record in ran if record.provenance]
    started = sorted(str(one["started_utc"]) for one in sources if one.get("started_utc"))
    ended = sorted(str(one["recorded_utc"]) for one in sources if one.get("recorded_utc"))
    return About(
        suite=result_set.plan.suite,
        contributor=contributor,
        note=note,
        runs=len(ran),
        started=started[0] if started else "",
        ended=ended[-1] if ended else "",
        hardware=_most_frequent_first(device(one) for one in sources),
        commits=_most_frequent_first(map(_commit, sources)),
        commands=_most_frequent_first(str(one.get("command") or "") for one in sources),
        versions=_versions(ran),
    )


def _most_frequent_first(values: Iterable[str]) -> list[str]:
    found = Counter(value for value in values if value)
    return sorted(found, key=lambda value: (-found[value], value))


def _commit(one: Mapping[str, Any]) -> str:
    sha = one.get("git_sha")
    return f"{sha}{' with changes that are not committed' if one.get('git_dirty') else ''}" if sha else ""


def _versions(records: Iterable[Record]) -> dict[str, str]:
    return dict(sorted({record.strategy: record.spec.strategy_version for record in records}.items()))
