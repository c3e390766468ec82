"""One run, readable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from tlbench.core.plain_text import plain
from tlbench.core.recipe import in_words
from tlbench.core.run_spec import label_budget
from tlbench.leaderboard.analysis.result_set import PlanHeader, as_number
from tlbench.leaderboard.analysis.run_references import beside, beside_published
from tlbench.leaderboard.analysis.sanity import oracle_below_source_only
from tlbench.leaderboard.tables.cells import FLAGGED, MISSING, TESTED_ON, metric_name
from tlbench.records.record import Record

LABEL_WIDTH = 16
#: Curves are shortened to so many lines, the first and the last among them.
CURVE_LINES = 6


def card(record: Record, references: Mapping[str, Record], plan: PlanHeader | None = None) -> str:
    """Everything a record says, as text of several sections; those with nothing to say are left out.

    `references` are the records of its references by name, those that can be read. `plan` is the suite's, which holds
    what has been published.
    """
    sections = [
        ("", _identity(record)),
        (f"metrics on {TESTED_ON[record.evaluation]}", _metrics(record.metrics)),
        ("beside its references", _lines(beside(record, references))),
        ("published for this pair", _lines(beside_published(record, plan) if plan else [])),
        ("time and memory", _cost(record)),
        ("seen", _seen(record)),
        ("curve", _curve(record.curve)),
        ("model", _model(record)),
        ("health", [f"  {FLAGGED} {text}" if text in record.flags else f"  {text}" for text in record.health]),
        ("flags", [f"  {FLAGGED} {flag}" for flag in _flags(record, references)]),
        ("notes", [f"  {note}" for note in record.notes]),
        ("provenance", _pairs(record.provenance)),
        ("error", _error(record)),
    ]
    blocks = ["\n".join([title, *lines] if title else lines) for title, lines in sections if lines]
    return "\n".join(plain(line) for line in "\n\n".join(blocks).split("\n")) + "\n"


def _identity(record: Record) -> list[str]:
    shots = label_budget(record.shots)
    budget, training = record.budget, record.training
    status = record.status + (f": {record.reason}" if record.reason else "")
    use = f" ({record.strategy})" if record.strategy != record.variant else ""
    what = {
        "status": status,
        "pair": f"{record.dataset} {'+'.join(record.source) or 'no source'} → {record.target}",
        "setting": f"{record.setting}{shots}; {record.evaluation}",
        "backbone": record.backbone,
        "seed": str(record.seed),
        "parameters": ", ".join(f"{name} = {_text(value)}" for name, value in record.params.items()) or "none",
        "budget": f"{budget.steps} steps of {budget.batch_size} per role, {budget.checkpoints} checkpoints",
        "training": in_words(training),
        "checkpoints": ", ".join(map(str, record.checkpoints)),
    }
    head = f"{record.variant}{use} · run {record.run_key}"
    return [head, *_lines((label, text) for label, text in what.items() if text)]


def _metrics(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for values in metrics.values() for name in values)
    # Lists, such as a confusion matrix, are in the file.
    plain_names = [n for n in names if any(as_number(values.get(n)) is not None for values in metrics.values())]
    if not plain_names:
        return []
    rows = [
        [protocol, *(_score(name, values.get(name)) for name in plain_names)] for protocol, values in metrics.items()
    ]
    heads = ["selection", *(metric_name(name) for name in plain_names)]
    alignment = ["left", *["right"] * len(plain_names)]
    table = tabulate(rows, heads, tablefmt="plain", colalign=alignment, disable_numparse=True)
    return [f"  {line.rstrip()}" for line in table.splitlines()]


def _score(name: str, value: object) -> str:
    number = as_number(value)
    if number is None:
        return MISSING
    return f"{number:.0f}" if name == "checkpoint" else f"{number:.4f}"


def _cost(record: Record) -> list[str]:
    speed, memory, seconds = record.throughput, record.peak_memory, record.seconds
    own, shared = seconds.own, seconds.shared
    dagger = "" if speed.by_steps else " † (no steps; the backbone's)"
    split = f"data {own.data:.2f}, training {own.training:.2f}, evaluation {own.evaluation:.2f}"
    split += f", second training {own.selection:.2f}" if own.selection else ""
    what = {
        "own": f"{own.total:.2f} s ({split})" if own.total else None,
        "shared": f"{shared.total:.2f} s, used by other runs too" if shared.total else None,
        "training": _with(speed.train_examples_per_second, f" examples/s{dagger}"),
        "inference": _with(speed.inference_examples_per_second, " examples/s"),
        "peak memory": _with(memory.host_mib, " MiB"),
        "on device": _with(memory.device_mib, " MiB"),
    }
    return _lines((label, text) for label, text in what.items() if text)


def _with(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:,.0f}{unit}"


def _flags(record: Record, references: Mapping[str, Record]) -> list[str]:
    """What is doubtful, beside what `health` shows already."""
    doubt = oracle_below_source_only(references)
    return [flag for flag in record.flags if flag not in record.health] + ([doubt] if doubt else [])


def _seen(record: Record) -> list[str]:
    return _lines(
        (part.phase, f"{part.updates:,} updates; examples: {part.labelled:,} labelled, {part.unlabelled:,} unlabelled")
        for part in record.seen
    )


def _curve(curve: Sequence[Mapping[str, Any]]) -> list[str]:
    count = min(CURVE_LINES, len(curve))
    chosen = sorted({round(index * (len(curve) - 1) / max(1, count - 1)) for index in range(count)})
    points = [curve[index] for index in chosen]
    return [
        "  " + ", ".join(f"{name} {_text(value)}" for name, value in point.items() if value is not None)
        for point in points
    ]


def _model(record: Record) -> list[str]:
    size = record.model
    if size is None:
        return []
    return [f"  {size.trainable:,} of {size.total:,} parameters trained; {size.feature_dim} features"]


def _error(record: Record) -> list[str]:
    error = record.error
    if error is None:
        return []
    log = ["  last lines of the log:", *(f"    {line}" for line in error.log)] if error.log else []
    return [f"  {error.type}: {error.message}", *log]


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return _lines((name, _text(value)) for name, value in values.items())


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_text(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value)


def _lines(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {label:<{LABEL_WIDTH}}{'' if len(label) < LABEL_WIDTH else ' '}{text}" for label, text in pairs]
