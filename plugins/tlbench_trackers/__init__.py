"""Experiment trackers, by the hooks of a suite's course: nothing is told to one unless `TLBENCH_TRACKERS` names it.

`TLBENCH_TRACKERS=mlflow tlbench run digits`: where MLflow keeps it, MLflow's own `MLFLOW_TRACKING_URI` says.
Another tracker is a class with the methods of `Tracker` and a line in `TRACKERS`; in a package of its own, it is
the same four hooks.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any, Protocol

import tlbench


class Tracker(Protocol):
    """Hears of one suite, from its start to its end."""

    def started(self, suite: str) -> None:
        """A suite starts."""

    def running(self, identity: Mapping[str, Any]) -> None:
        """A run starts; `identity` says which."""

    def finished(self, record: Mapping[str, Any]) -> None:
        """A run ended, well or not; `record` is its record."""

    def ended(self) -> None:
        """The suite ended."""


#: Where the class of each tracker is.
TRACKERS: Mapping[str, str] = {"mlflow": "tlbench_trackers.mlflow:MlflowTracker"}
#: Those that were asked for when the suite started.
_asked: list[Tracker] = []


def is_listening() -> bool:
    """Whether any tracker is asked for; without one no process is made to hear of a suite."""
    return bool(os.environ.get("TLBENCH_TRACKERS", "").strip(", "))


@tlbench.hookimpl
def tlbench_suite_started(suite: str, runs: int) -> None:
    """Start the trackers that are asked for, where there is anything to run."""
    _asked.clear()
    for name in filter(None, os.environ.get("TLBENCH_TRACKERS", "").split(",")) if runs else ():
        tracker = _tracker(name.strip())
        tracker.started(suite)
        _asked.append(tracker)


@tlbench.hookimpl
def tlbench_run_started(identity: Mapping[str, Any]) -> None:
    """Hand the identity on."""
    for tracker in _asked:
        tracker.running(identity)


@tlbench.hookimpl
def tlbench_run_finished(record: Mapping[str, Any]) -> None:
    """Hand the record on."""
    for tracker in _asked:
        tracker.finished(record)


@tlbench.hookimpl
def tlbench_suite_finished() -> None:
    """End them."""
    for tracker in _asked:
        tracker.ended()
    _asked.clear()


def _tracker(name: str) -> Tracker:
    from tlbench.errors import PluginFailure, unknown

    if name not in TRACKERS:
        raise PluginFailure(f"TLBENCH_TRACKERS: {unknown('tracker', name, TRACKERS)}")
    module, _, attribute = TRACKERS[name].partition(":")
    tracker: Tracker = getattr(importlib.import_module(module), attribute)()
    return tracker
