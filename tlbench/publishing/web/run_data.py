"""The runs of a suite as the page shows them: each once, and what they have in common once for all."""

from __future__ import annotations

from typing import Any

from tlbench.core.content_key import key_content
from tlbench.leaderboard.analysis.result_set import ResultSet, as_number
from tlbench.leaderboard.analysis.run_references import beside_published
from tlbench.publishing.path_redaction import shortened
from tlbench.publishing.web.interning import Interned
from tlbench.records.record import Record

#: So many points of a curve are kept, evenly spaced, the first and the last among them.
CURVE_POINTS = 20
#: Significant digits of a curve's values and of speeds.
DIGITS = 4


class Runs:
    """Makes the page's runs; `common` collects what several of them share."""

    def __init__(self, result_set: ResultSet) -> None:
        self._board = result_set
        self.common = Interned()
        self.keys = {key: index for index, key in enumerate(result_set.records)}

    def all(self) -> list[dict[str, Any]]:
        """Every record of the result set, in its order; what is empty is left out."""
        return [
            {name: value for name, value in self._run(r).items() if value not in (None, [], {}, "")}
            for r in self._records
        ]

    @property
    def _records(self) -> list[Record]:
        return list(self._board.records.values())

    def _run(self, record: Record) -> dict[str, Any]:
        speed, memory = record.throughput, record.peak_memory
        return {
            "key": record.run_key,
            "of": self.common(_identity(record) | {"backbone": self._board.shown_backbone(record.backbone)}),
            "source": "+".join(record.source),
            "target": record.target,
            "seed": record.seed,
            "status": record.status,
            "why": shortened(self._board.reason(record.run_key)),
            "scores": {name: self._scores(record, name) for name in record.metrics},
            "cost": [
                _digits(value)
                for value in (
                    record.seconds.own.total,
                    record.seconds.shared.total,
                    speed.train_examples_per_second,
                    speed.inference_examples_per_second,
                    memory.host_mib,
                    memory.device_mib,
                )
            ],
            "curve": _curve(record, self.common),
            "seen": self.common([seen.model_dump() for seen in record.seen]),
            "flags": [self.common(shortened(flag)) for flag in record.flags],
            "notes": [self.common(shortened(note)) for note in record.notes],
            "published": [self.common(f"{name}: {text}") for name, text in beside_published(record, self._board.plan)],
            "references": {name: self.keys[key] for name, key in record.references.items() if key in self.keys},
            "where": self.common(_provenance(record)),
            "when": str(record.provenance.get("started_utc") or "")[:19],
            "error": shortened(record.error.model_dump()) if record.error else None,
        }

    def _scores(self, record: Record, selection: str) -> list[float | None]:
        found = record.metrics[selection]
        step = as_number(found.get("checkpoint"))
        values = [as_number(found.get(name)) for name in self._board.plan.metrics]
        return [step, *(None if value is None else round(value, 4) for value in values)]


def _identity(record: Record) -> dict[str, Any]:
    """What the runs of a row have in common."""
    return {
        "variant": record.variant,
        "strategy": record.strategy,
        "backbone": record.backbone,
        "setting": record.setting,
        "shots": record.shots,
        "evaluation": record.evaluation,
        "params": record.params,
        "budget": record.budget.model_dump(exclude_none=True),
        "training": key_content(record.training),
        "model": record.model.model_dump() if record.model else None,
    }


def _provenance(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = shortened(record.provenance)
    return {name: value for name, value in found.items() if name != "started_utc" and value is not None}


def _curve(record: Record, common: Interned) -> list[Any]:
    """By term, as `[term, steps, values]`; the shared phase before the own one, as it was."""
    terms: dict[str, list[tuple[int, float]]] = {}
    for point in record.curve:
        phase = str(point.get("phase") or "")
        for name, value in point.items():
            number = as_number(value)
            if name not in ("step", "phase") and number is not None:
                terms.setdefault(f"{phase} {name}".strip(), []).append((int(point["step"]), number))
    lines = []
    for name, points in terms.items():
        kept = _thinned(points)
        lines.append([common(name), common([step for step, _ in kept]), [_digits(value) for _, value in kept]])
    return lines


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    if len(points) <= CURVE_POINTS:
        return points
    places = [round(index * (len(points) - 1) / (CURVE_POINTS - 1)) for index in range(CURVE_POINTS)]
    return [points[place] for place in places]


def _digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
