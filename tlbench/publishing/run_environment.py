"""Where and how a suite ran, from the provenance that its records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.renderers.markdown import escape
from tlbench.leaderboard.tables.cells import count
from tlbench.records.record import Record

Provenance = Mapping[str, Any]


def origin(result_set: ResultSet) -> str:
    """A list in Markdown: how many runs and seconds, on what, with which versions, when, and from which commit."""
    records = list(result_set.records.values())
    ran = [record.provenance for record in records if record.provenance]
    lines = [
        f"- contributor: {escape(result_set.plan.contributor)}" if result_set.plan.contributor else "",
        f"- runs: {len(records)} ({statuses(records)}), {count(len(result_set.plan.seeds), 'seed')}",
        f"- time: {_time(records)}",
        _line("device", ran, device),
        _line("versions", ran, _versions),
        _line("system", ran, lambda one: f"Python {one['python']}, {one['os']}" if "python" in one else ""),
        _dates(ran),
        _line("commit", ran, _commit),
        _line("command", ran, lambda one: str(one.get("command") or "")),
    ]
    return "\n".join(filter(None, lines))


def statuses(records: Iterable[Record]) -> str:
    """`255 ok, 60 skipped`."""
    return ", ".join(f"{number} {status}" for status, number in Counter(r.status for r in records).most_common())


def device(one: Provenance) -> str:
    """`cpu, AMD EPYC, 2 cores, 1 thread a run, float32`; what is not known is left out."""
    name, cpu = one.get("device"), one.get("cpu")
    parts = [
        name,
        cpu if cpu != name else None,
        f"{count(one['cores'], 'core')}" if one.get("cores") else None,
        f"{count(one['threads'], 'thread')} a run" if one.get("threads") else None,
        one.get("precision"),
        "deterministic" if one.get("deterministic") else None,
    ]
    return ", ".join(str(part) for part in parts if part)


def last_day(result_set: ResultSet) -> str:
    """The day (UTC) on which the last of its runs started; empty where no record says it."""
    days = [str(record.provenance.get("started_utc") or "")[:10] for record in result_set.records.values()]
    return max(days, default="")


def _line(name: str, ran: Iterable[Provenance], of: Callable[[Provenance], str]) -> str:
    """Every value there is, the most frequent first; where there are several, with the number of their runs."""
    found = Counter(value for one in ran if (value := of(one)))
    several = len(found) > 1
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    texts = [escape(value) + (f" ({count(number, 'run')})" if several else "") for value, number in ordered]
    return f"- {name}: {'; '.join(texts)}" if texts else ""


def _versions(one: Provenance) -> str:
    libraries = one.get("libraries") or {}
    named = [f"tlbench {one['tlbench']}"] if one.get("tlbench") else []
    return ", ".join([*named, *(f"{name} {version}" for name, version in libraries.items())])


def _commit(one: Provenance) -> str:
    sha = one.get("git_sha")
    return f"{str(sha)[:12]}{' with changes that are not committed' if one.get('git_dirty') else ''}" if sha else ""


def _dates(ran: Iterable[Provenance]) -> str:
    found = sorted(str(one["started_utc"]) for one in ran if one.get("started_utc"))
    if not found:
        return ""
    first, last = (when[:16].replace("T", " ") for when in (found[0], found[-1]))
    return f"- started: {first} UTC" if first == last else f"- started: from {first} to {last} UTC"


def _time(records: Iterable[Record]) -> str:
    """The runs' own wall time and, counted once each, that of trainings that several runs share."""
    own = sum(record.seconds.own.total for record in records)
    shared: dict[str, float] = {}
    for record in records:
        if seconds := record.seconds.shared.training:
            spec = record.spec
            which = (spec.dataset, spec.backbone, spec.source, spec.evaluation, spec.seed, spec.budget, spec.training)
            shared[repr(which)] = seconds
    parts = [f"{_duration(own)} of the runs themselves, one after another"]
    if shared:
        parts.append(f"{_duration(sum(shared.values()))} of trainings that several of them share, each counted once")
    return "; ".join(parts)


def _duration(seconds: float) -> str:
    """`48 s`, `12 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
