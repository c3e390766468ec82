"""MLflow (https://mlflow.org): an experiment for a suite, in it a run for each run, logged with its record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tlbench.errors import PluginFailure

#: Fields of a record that are parameters of its run, as they are.
_IDENTITY = ("strategy", "variant", "backbone", "dataset", "target", "setting", "shots", "evaluation", "seed")
_COST = ("train_examples_per_second", "inference_examples_per_second")
#: MLflow takes parameters of at most this many characters.
_LONGEST = 6000


class MlflowTracker:
    """Logs records by MLflow's client, which leaves the runs and the experiment of the process itself alone."""

    def __init__(self) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            message = (
                f"TLBENCH_TRACKERS asks for mlflow, which cannot be imported ({error}); pip install 'tlbench[mlflow]'"
            )
            raise PluginFailure(message) from error
        self._client: Any = MlflowClient()
        self._experiment = ""
        self._running: dict[str, str] = {}

    def started(self, suite: str) -> None:
        """Find the experiment of the suite, or make it."""
        name = f"tlbench/{suite}"
        there = self._client.get_experiment_by_name(name)
        self._experiment = there.experiment_id if there else self._client.create_experiment(name)

    def running(self, identity: Mapping[str, Any]) -> None:
        """Begin a run, which MLflow shows as running."""
        name = f"{identity['variant']} {_pair(identity)} seed {identity['seed']}"
        self._running[identity["run_key"]] = self._client.create_run(self._experiment, run_name=name).info.run_id

    def finished(self, record: Mapping[str, Any]) -> None:
        """Log a run with its parameters, scores by protocol, cost and curve."""
        from mlflow.entities import Metric, Param, RunTag

        if record["run_key"] not in self._running:  # it does not apply, or what it starts from has failed
            self.running(record)
        run = self._running.pop(record["run_key"])
        ended = _milliseconds(record["provenance"].get("recorded_utc"))
        params = [Param(name, text[:_LONGEST]) for name, text in _params(record)]
        metrics = [Metric(name, value, ended or 0, step) for name, value, step in _metrics(record)]
        tags = [RunTag(name, text) for name, text in _tags(record)]
        self._client.log_batch(run, params=params, tags=tags)
        for first in range(0, len(metrics), 1000):  # as many as one call may have
            self._client.log_batch(run, metrics=metrics[first : first + 1000])
        self._client.set_terminated(run, "FINISHED" if record["status"] in ("ok", "skipped") else "FAILED", ended)

    def ended(self) -> None:
        """What was started and never ended was interrupted."""
        for run in self._running.values():
            self._client.set_terminated(run, "KILLED")
        self._running.clear()


def _pair(identity: Mapping[str, Any]) -> str:
    return f"{'+'.join(identity['source']) or '-'}:{identity['target']}"


def _params(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "pair", _pair(record)
    yield from ((name, str(record[name])) for name in _IDENTITY)
    for table in ("params", "budget", "training"):
        yield from ((f"{table}.{name}", json.dumps(value)) for name, value in record[table].items())


def _metrics(record: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    """Name, value and step: scores by selection protocol, cost, and the curve, a term of a phase a name."""
    for protocol, scores in record["metrics"].items():
        step = int(scores["checkpoint"])
        yield from ((f"{protocol}/{name}", float(v), step) for name, v in scores.items() if _is_number(v))
    yield "seconds", float(record["seconds"]["own"]["total"]), 0
    throughput = record["throughput"]
    yield from ((name, float(throughput[name]), 0) for name in _COST if throughput[name] is not None)
    for point in record["curve"]:
        phase = f"{point['phase']}/" if point.get("phase") else ""
        terms = ((name, value) for name, value in point.items() if name not in ("phase", "step") and _is_number(value))
        yield from ((f"curve/{phase}{name}", float(value), int(point["step"])) for name, value in terms)


def _tags(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "tlbench.run_key", record["run_key"]
    yield "tlbench.status", record["status"]
    if record["reason"] or record["error"]:
        yield "tlbench.reason", record["reason"] or record["error"]["message"]
    for name in ("device", "git_sha", "tlbench"):
        if record["provenance"].get(name):
            yield f"tlbench.{name}", str(record["provenance"][name])
    yield from ((f"tlbench.flag.{number}", flag) for number, flag in enumerate(record["flags"], 1))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _milliseconds(utc: object) -> int | None:
    return int(datetime.fromisoformat(str(utc)).timestamp() * 1000) if utc else None
