"""One session of a suite: finds what is done, runs what is missing, scores it, writes the records."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tlbench.core.run_spec import CLUSTERING, SourceModelSpec
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError, TlbenchError
from tlbench.evaluation.scoring import Metric
from tlbench.execution.cache_entries import keep_below, limit_of_environment
from tlbench.execution.device import Machine
from tlbench.execution.handed_back import LOG, MODEL, HandedBack, UnusableOutput
from tlbench.execution.job import PREDICTED, Job
from tlbench.execution.job_endings import JobEndings, handed_by
from tlbench.execution.job_folders import JobFolders
from tlbench.execution.job_writer import JobWriter
from tlbench.execution.local_pool import Event, LocalPool
from tlbench.execution.model_storage import store_model_of
from tlbench.execution.recorder import Recorder
from tlbench.execution.run_environment import hint, kept_back
from tlbench.execution.sandbox import Order, Sandbox, choose_sandbox
from tlbench.execution.source_model_cache import SourceModels
from tlbench.execution.stored_runs import Reuse, StoredRuns
from tlbench.execution.work_items import WorkItem, identity_of, label_of, model_work, reverse_work, work_of
from tlbench.files import MAKE_ROOM, is_full
from tlbench.planning.plan import Plan, PlannedRun
from tlbench.plugins.manager import PluginHost
from tlbench.records.record import Failure, Record, new_record
from tlbench.records.result_folder import ResultFolder

#: Bytes of a checkpoint of a source model.
MOST_MODEL_BYTES = 32 * 2**30


class Listener(Protocol):
    """Hears of a session's course; the command line shows it."""

    def planned(self, to_do: int, done: int, source_models: int, second_trainings: int = 0) -> None:
        """What will run, what is done already, how many trainings runs share, and how many runs have a second one."""

    def set_aside(self, path: Path) -> None:
        """A damaged record was renamed to `path`, and its run is done again."""

    def progress(self, job: str, label: str, phase: str, step: int, steps: int) -> None:
        """A job is at a step of a phase."""

    def ended(self, job: str, label: str, status: str, message: str) -> None:
        """A job ended."""

    def preparing(self, label: str, done: int, total: int) -> None:
        """Inputs are made ready for a backbone, before the runs: so many examples of so many."""


@dataclass
class Session:
    """What is fixed for one session."""

    plan: Plan
    results: ResultFolder
    domains: DomainStore
    cache: Path
    host: PluginHost
    machine: Machine
    pool: LocalPool
    listener: Listener
    metrics: Mapping[str, Metric]
    reuse: Reuse = "failed"
    timeout: float | None = None
    #: How many runs may fail before the session stops; None is any number.
    max_failures: int | None = None
    plugin_files: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    #: Whether features of the last step are stored beside predictions.
    keep_features: bool = False
    #: Whether plugins hear of its course: not of runs that are made again only to look at them.
    heard_by_plugins: bool = True
    #: The keys of the runs whose models are kept beside their records.
    keep_models: frozenset[str] = frozenset()
    sandbox: Sandbox = field(default_factory=lambda: choose_sandbox("auto"))
    _queue: deque[WorkItem] = field(default_factory=deque)
    _waiting: dict[str, list[PlannedRun]] = field(default_factory=dict)
    _running: dict[str, WorkItem] = field(default_factory=dict)
    _failures: int = 0

    def __post_init__(self) -> None:
        self._stored = StoredRuns(self.results, self.reuse, self.keep_models)
        self._models = SourceModels(self.cache)
        self._folders = JobFolders(self.cache)
        self._jobs = JobWriter(
            self.domains,
            self._models,
            self.machine.device,
            self.plugin_files,
            self.trusted,
            self.listener.preparing,
            self.host,
            self.keep_models,
        )
        places = (self.cache, self.results.folder)
        self._endings = JobEndings(self.pool, self._queue, self.timeout, places)
        self._recorder = Recorder(
            self.host,
            self.domains,
            self._models,
            self.metrics,
            self.machine,
            self.trusted,
            self.keep_features,
            self.plan.suite.selection,
            self.sandbox,
        )

    def run(self) -> dict[str, Record]:
        """Do what is missing; the records of the plan's runs by key. Interrupted, everything done is kept."""
        self._folders.clean()
        records, second_trainings = self._stored.find(self.plan, self.listener.set_aside)
        self._queue.extend(second_trainings)
        missing = [run for key, run in self.plan.runs.items() if key not in records]
        self._jobs.prepare(missing)
        keep_below(self.cache, limit_of_environment())
        second = sum(run.reverse for run in missing) + len(self._queue)
        self._enqueue(missing)
        models = sum(work.run is None for work in self._queue)
        to_do = len(missing)
        self.listener.planned(to_do, len(records), models, second)
        self._tell("tlbench_suite_started", suite=self.plan.suite.name, runs=to_do)
        try:
            while (self._queue or self._running) and not self.stopped:
                self._fill()
                event = self.pool.wait(0.2)
                if event is not None:
                    self._handle(event, records)
        finally:
            self.pool.close()
            for work in self._running.values():
                self._close(work)
            self._folders.remove()
            keep_below(self.cache, limit_of_environment())
        return records

    @property
    def stopped(self) -> bool:
        """Whether as many runs have failed as may fail; what runs then is ended, and nothing more is begun."""
        return self.max_failures is not None and self._failures >= self.max_failures

    # ---- what is done and what is to do ---------------------------------------------------------------------------

    def _enqueue(self, runs: list[PlannedRun]) -> None:
        """Source models first, since others wait for them; then runs without one; then the others as models appear."""
        models: dict[str, SourceModelSpec] = {}
        ready: list[PlannedRun] = []
        for run in runs:
            if not run.needs_source_model:
                ready.append(run)
                continue
            spec = run.spec.source_model()
            if self.reuse != "never" and self._models.has(spec.key):
                ready.append(run)
            else:
                models[spec.key] = spec
                self._waiting.setdefault(spec.key, []).append(run)
        self._queue.extend(map(model_work, models.values()))
        self._queue.extend(work_of(run) for run in ready)

    # ---- jobs -----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while self.pool.free > 0 and self._queue and self._may_start(self._queue[0]) and not self.stopped:
            work = self._queue.popleft()
            folder = self._folders.of(work.key)
            self._folders.remove_job(work.key)
            try:
                work.job = self._jobs.write(work, folder)
                work.handed = HandedBack(folder)
            except OSError as error:
                reason = error.strerror or error
                raise TlbenchError(
                    f"cannot write a job in the cache, {folder.parent}: {reason}{MAKE_ROOM * is_full(error)}"
                ) from error
            if work.run is not None and work.predicted is None and not work.again:
                self._tell("tlbench_run_started", identity=identity_of(work.run))
            self._running[work.key] = work
            self.pool.submit(work.key, folder, folder / LOG, self._confined(work.job))

    def _confined(self, job: Job) -> Order | None:
        """What the job's process is confined to. Labels, data and results are nobody's, wherever they lie."""
        data = os.environ.get("TLBENCH_DATA")
        hidden = [self.cache, self.results.folder.parent, *([Path(data)] if data else [])]
        outside = [path for path in job.reads if not Path(path).is_relative_to(self.cache)]
        return self.sandbox.order(job.reads, job.folder, hidden, [str(self.cache), *outside])

    def _may_start(self, work: WorkItem) -> bool:
        """Whether a job may run beside those that do: one that is done again, for trouble that it had, runs alone."""
        return not self._running if work.alone else not any(other.alone for other in self._running.values())

    def _handle(self, event: Event, records: dict[str, Record]) -> None:
        work = self._running[event.job]
        if event.kind == "progress":
            details = event.details
            self.listener.progress(event.job, work.label, details["phase"], details["step"], details["steps"])
            return
        del self._running[event.job]
        try:
            output = self._endings.outcome(work, event)
            if output is not None:
                self._finish(work, output, records)
        finally:
            self._close(work)

    def _finish(self, work: WorkItem, output: dict[str, Any], records: dict[str, Record]) -> None:
        if work.run is None:
            self._finish_model(work, output, records)
        try:
            self._fill()  # keep the workers busy while this one is scored
        finally:  # whatever hinders the next run, this one is done and must not be lost
            if work.run is not None and work.predicted is not None:
                self._finish_reverse(work, work.run, output, records)
            elif work.run is not None:
                self._finish_run(work, work.run, output, records)

    def _close(self, work: WorkItem) -> None:
        """Let a job's folder go."""
        if work.handed is not None:
            work.handed.close()
        if work.key not in self._running:
            self._folders.remove_job(work.key)

    def _finish_model(self, work: WorkItem, output: dict[str, Any], records: dict[str, Record]) -> None:
        folder = self._folders.of(work.key)
        users = self._waiting.pop(work.key, [])
        if output["status"] == "ok":
            try:
                handed_by(work).model_files(MOST_MODEL_BYTES)
                self._models.keep(work.key, folder / MODEL, output, replace=self.reuse == "never")
            except (UnusableOutput, DataError) as error:
                output = {"status": "failed", "error": {"type": type(error).__name__, "message": str(error)}}
        if output["status"] == "ok":
            self._queue.extendleft(work_of(run) for run in reversed(users))
        message = output.get("error", {}).get("message", "")
        self.listener.ended(work.key, work.label, output["status"], message)
        if output["status"] != "ok":
            reason = f"the {work.label}, which this run starts from, ended as {output['status']}: {message}"
            failure = Failure(type="SharedWork", message=reason, log=handed_by(work).log_lines())
            for run in users:
                record = new_record(run.spec, run.variant, "failed", run.references, error=failure)
                self._keep(record.model_copy(update={"provenance": self._recorder.provenance(output)}), None, records)
                self.listener.ended(record.run_key, label_of(run), "failed", reason)

    def _finish_run(self, work: WorkItem, run: PlannedRun, output: dict[str, Any], records: dict[str, Record]) -> None:
        arrays: dict[str, NDArray[Any]] | None = None
        if output["status"] == "ok":
            try:
                assert work.job is not None
                record, arrays = self._recorder.scored(run, work.job, output, handed_by(work))
            except Exception as error:  # what the plugin handed back is not usable, or a metric failed on it
                diverged = isinstance(error, FloatingPointError)
                output["status"] = "diverged" if diverged else "failed"
                output["error"] = {"type": type(error).__name__, "message": str(error)}
        if output["status"] != "ok":
            failure = Failure(**output["error"], log=handed_by(work).log_lines())
            failure.message += hint(kept_back(os.environ, self.pool.pass_env, [failure.message]))
            record = new_record(run.spec, run.variant, output["status"], run.references, error=failure)
        record.provenance = self._recorder.provenance(output)
        record.notes += [f"it was run again, alone and in the same way: {work.again}"] if work.again else []
        if record.status == "ok" and run.spec.key in self.keep_models:
            try:
                made = self._folders.of(work.key) / MODEL
                store_model_of(self.results, self.plan.suite.selection, record, self.domains, made)
            except (TlbenchError, OSError) as error:  # a full disk, say: the result is not to be lost with its model
                record.notes.append(f"its model could not be kept: {error}")
        self._keep(record, arrays, records)
        message = record.error.message if record.error else _short(record, self.plan.suite.metrics[0])
        self.listener.ended(work.key, work.label, record.status, message)
        if arrays is not None and run.reverse:
            self._queue.appendleft(reverse_work(run, arrays[PREDICTED].astype(np.int64)))

    def _finish_reverse(
        self, work: WorkItem, run: PlannedRun, output: dict[str, Any], records: dict[str, Record]
    ) -> None:
        """Add what the second training says; where it failed, the run has lost nothing but this choice."""
        record = records[run.spec.key]
        message = ""
        if output["status"] == "ok":
            try:
                assert work.job is not None
                self._recorder.add_second_training(record, run, work.job, output, handed_by(work))
            except (UnusableOutput, FloatingPointError) as error:
                output = {"status": "failed", "error": {"type": type(error).__name__, "message": str(error)}}
        if output["status"] != "ok":
            message = f"{output['error']['type']}: {output['error']['message']}"
            self._recorder.add_failed_second_training(record, f"ended as {output['status']}: {message}")
        self._keep(record, None, records)
        self.listener.ended(work.key, work.label, output["status"], message)

    # ---- records --------------------------------------------------------------------------------------------------

    def _keep(self, record: Record, arrays: dict[str, NDArray[Any]] | None, records: dict[str, Record]) -> None:
        records[record.run_key] = record
        self._failures += record.status not in ("ok", "skipped")
        self._stored.keep(record, arrays)
        self._tell("tlbench_run_finished", record=record.model_dump(mode="json"))

    def _tell(self, hook: str, **arguments: object) -> None:
        if self.heard_by_plugins:
            self.host.tell(hook, **arguments)


def _short(record: Record, metric: str) -> str:
    metric = CLUSTERING[0] if record.setting == "unsupervised" else metric
    value = record.metrics["last"].get(metric)
    return f"{metric} {value:.3f}" if isinstance(value, float) else ""
