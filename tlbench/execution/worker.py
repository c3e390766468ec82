"""What happens in a run's own process: train with what the setting allows, then open the test inputs and predict.

There is no label here but those in the job's folder.
"""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import join, rows_of
from tlbench.core.plain_text import clipped
from tlbench.core.predictor import Predictor
from tlbench.core.run_spec import RunSpec, SourceModelSpec
from tlbench.core.seeds import derive
from tlbench.core.strategy import Strategy
from tlbench.core.task import TargetView, TransferTask
from tlbench.execution.evaluation_inputs import Evaluation, ask, from_file
from tlbench.execution.job import PREDICTED
from tlbench.execution.model_keeping import keep_model
from tlbench.execution.prediction import Arrays, checked, evaluate, evaluate_folds, predict, steps_of
from tlbench.execution.sandbox import hint
from tlbench.execution.source_training import fit_source_model
from tlbench.execution.task_loading import NOTHING, fold_tasks, read_reversed_task, read_source, read_task
from tlbench.files import is_full
from tlbench.plugins.backbone_factory import make_backbone
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.training.loop import Diverged
from tlbench.training.toolkit import Progress, Report, Toolkit

#: Least seconds between two progress messages of one run.
PROGRESS_SECONDS = 0.1
#: Gives what a run is tested on.
Given = Callable[[], Evaluation]
#: Characters of an error's message that are handed back.
MESSAGE_CHARACTERS = 9000


def work(
    folder: str | Path,
    on_progress: Progress,
    desk: socket.socket | None = None,
    end_if_copied: Callable[[], None] = lambda: None,
) -> int:
    """Do the job in `folder`; the exit code of the process. What went wrong is in `output.json` and on the log.

    What it is tested on is asked for at the `desk` when it has trained; without one it lies beside the folder.
    `end_if_copied` does not return in a copy of this process that the job's code has forked.
    """
    place = Path(folder)
    started = {"started_utc": datetime.now(UTC).isoformat(timespec="seconds"), "cuda": torch.version.cuda}
    try:
        output, arrays = _do(place, _seldom(on_progress), lambda: from_file(place) if desk is None else ask(desk))
        end_if_copied()
        _hand_back(place, {"status": "ok", **started, **output}, arrays)
    except BaseException as error:  # SystemExit too: a run has no other way to end than to hand back
        end_if_copied()
        traceback.print_exc()
        failure = _failure(error)
        _hand_back(place, {"status": _status(error, failure["message"]), **started, "error": failure}, {})
        return 1
    return 0


def _do(folder: Path, on_progress: Progress, given: Given) -> tuple[dict[str, Any], Arrays]:
    job = json.loads((folder / "job.json").read_text())
    host = plugin_host(job["plugin_files"])
    if job["kind"] == "source-model":
        return _train_source_model(folder, job, host, on_progress), {}
    if job["kind"] == "reverse":
        return _reverse(folder, job, host, on_progress, given)
    return _run(folder, job, host, on_progress, given)


def _run(
    folder: Path, job: dict[str, Any], host: PluginHost, on_progress: Progress, given: Given
) -> tuple[dict[str, Any], Arrays]:
    spec = RunSpec.model_validate(job["spec"])
    clock = _Clock()
    _prepare(spec.compute.threads, spec.compute.deterministic, spec.seed)
    strategy, task = _strategy(host, spec), read_task(job, spec)
    clock.tick("data")

    source_model = None if job["source_model"] is None else Path(job["source_model"])
    toolkit = _toolkit(job, spec, host, source_model, on_progress)
    if "folds" in job["target"]:
        tasks, items = zip(*fold_tasks(task, np.load(job["target"]["folds"])), strict=True)
        predictors = [checked(_strategy(host, spec).fit(each, toolkit), spec.strategy) for each in tasks]
    else:
        predictors = [checked(strategy.fit(task, toolkit), spec.strategy)]
    predictor = predictors[0]
    clock.tick("training")

    evaluation = given()  # only now are test inputs opened
    if len(predictors) == 1:
        arrays, rate = evaluate(evaluation, predictor, job["device"])
    else:
        arrays, rate = evaluate_folds(evaluation, predictors, items, job["device"])
    clock.tick("evaluation")

    if job["reverse"]:
        arrays[PREDICTED] = _classes_of(predictor, task, job["device"])
    if job["keep_model"]:
        keep_model(folder / "model", predictors, steps_of(evaluation.places, predictor), len(task.class_names))
    output = _summary(toolkit.report, clock.seconds, job["device"])
    return {**output, "steps": steps_of(evaluation.places, predictor), "inference_examples_per_second": rate}, arrays


def _classes_of(predictor: Predictor, task: TransferTask, device: str) -> NDArray[np.int64]:
    """The predicted classes of all target inputs after the last step."""
    predictor.load(list(predictor.steps)[-1])
    logits, _ = predict(predictor, task.target.inputs, "target", device)
    classes: NDArray[np.int64] = logits.argmax(axis=1).astype(np.int64)
    return classes


def _reverse(
    folder: Path, job: dict[str, Any], host: PluginHost, on_progress: Progress, given: Given
) -> tuple[dict[str, Any], Arrays]:
    """The second training of reverse validation: the run's strategy from the target's predictions to the sources.

    Where the paper starts it from the first training's weights, it starts anew: nothing of the sources' labels reaches
    it but through the predictions.
    """
    spec = RunSpec.model_validate(job["spec"])
    clock = _Clock()
    _prepare(spec.compute.threads, spec.compute.deterministic, spec.seed)
    strategy, task = _strategy(host, spec), read_reversed_task(job, spec)
    source_model, report = None, Report()
    if strategy.uses_source_model:
        toolkit = _toolkit(job, spec, host, None, on_progress)
        source_model = folder / "model"
        fit_source_model(task, toolkit, source_model)
        report = toolkit.report
    toolkit = _toolkit(job, spec, host, source_model, on_progress)
    predictor = checked(strategy.fit(task, toolkit), spec.strategy)
    last = list(predictor.steps)[-1]
    predictor.load(last)
    evaluation = given()
    (parts,) = evaluation.places["selection"].values()
    inputs = join([rows_of(evaluation.inputs(part["inputs"]), np.array(part["items"])) for part in parts])
    logits, _ = predict(predictor, inputs, "target", job["device"])
    clock.tick("selection")
    report.seen += toolkit.report.seen
    report.notes += toolkit.report.notes
    return _summary(report, clock.seconds, job["device"]), {"source_val/logits": logits}


def _train_source_model(folder: Path, job: dict[str, Any], host: PluginHost, on_progress: Progress) -> dict[str, Any]:
    spec = SourceModelSpec.model_validate(job["spec"])
    clock = _Clock()
    _prepare(spec.compute.threads, spec.compute.deterministic, spec.seed)
    sources = tuple(read_source(view) for view in job["sources"])
    first = sources[0]
    target = TargetView(first.name, first.class_names, first.train.inputs[slice(0)], NOTHING, NOTHING)
    task = TransferTask("transductive", None, sources, target, tuple(job["input_shape"]), spec.seed)
    clock.tick("data")

    toolkit = _toolkit(job, spec, host, None, on_progress)
    fit_source_model(task, toolkit, folder / "model")
    clock.tick("training")
    return _summary(toolkit.report, clock.seconds, job["device"])


class _Clock:
    """Wall seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds = {"data": 0.0, "training": 0.0, "evaluation": 0.0, "selection": 0.0}
        self._last = time.perf_counter()

    def tick(self, what: str) -> None:
        """What was done since the last tick."""
        now = time.perf_counter()
        self.seconds[what] += now - self._last
        self._last = now


# ---- what a run is given ----------------------------------------------------------------------------------------


def _prepare(threads: int, deterministic: bool, seed: int) -> None:
    """Threads, determinism, and global generators for plugins that draw from them all the same."""
    torch.set_num_threads(threads)
    if deterministic:  # on request alone: the call imports a compiler, which takes longer than many a run
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    torch.manual_seed(derive(seed, "global"))
    np.random.seed(derive(seed, "global") % 2**32)
    random.seed(derive(seed, "global"))


def _strategy(host: PluginHost, spec: RunSpec) -> Strategy:
    entry, _ = host.find("strategies", spec.strategy)
    kind: type[Strategy] = entry.load()
    return kind(kind.Params(**spec.params))


def _toolkit(
    job: dict[str, Any],
    spec: RunSpec | SourceModelSpec,
    host: PluginHost,
    source_model: Path | None,
    on_progress: Progress,
) -> Toolkit:
    random_weights = isinstance(spec, RunSpec) and spec.initial == "random"

    def backbone() -> Backbone:
        shape = tuple(job["input_shape"])
        return make_backbone(spec.backbone, shape, host, job["trusted"], random_weights=random_weights)

    return Toolkit(backbone, spec.budget, spec.training, job["device"], source_model, on_progress)


# ---- what is handed back ----------------------------------------------------------------------------------------


def _summary(report: Report, seconds: dict[str, float], device: str) -> dict[str, Any]:
    on_gpu = device != "cpu"
    return {
        "seconds": {**seconds, "total": sum(seconds.values())},
        "train_examples_per_second": report.examples_per_second,
        "by_steps": report.by_steps,
        "seen": [seen.model_dump() for seen in report.seen],
        "curve": report.curve,
        "model": None if report.model is None else report.model.model_dump(),
        "notes": report.notes,
        "device_mib": torch.cuda.max_memory_allocated(device) / 2**20 if on_gpu else None,
        "device_name": torch.cuda.get_device_name(device) if on_gpu else None,
        "host_mib": _peak_host_mib(),
    }


def _peak_host_mib() -> float:
    scale = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def _hand_back(folder: Path, output: dict[str, Any], arrays: Arrays) -> None:
    if arrays:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / "output.safetensors")
    (folder / "output.json").write_text(json.dumps(output))


def _failure(error: BaseException) -> dict[str, str]:
    """An error's type and message; a message may be anything, and may fail itself."""
    try:
        message = str(error)
    except Exception as worse:
        message = f"(its message cannot be shown: {type(worse).__name__})"
    if isinstance(error, SystemExit):
        message = f"its code called sys.exit({message})"
    elif isinstance(error, Exception):
        message = f"{message}{hint(error)}"
    return {"type": clipped(type(error).__name__, 200), "message": clipped(message, MESSAGE_CHARACTERS)}


def _status(error: BaseException, message: str) -> str:
    if isinstance(error, Diverged):
        return "diverged"
    allocator = isinstance(error, RuntimeError) and "DefaultCPUAllocator" in message
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or allocator:
        return "out_of_memory"
    return "disk_full" if is_full(error) else "failed"


def _seldom(on_progress: Progress) -> Callable[[str, int, int], None]:
    last = 0.0

    def report(phase: str, step: int, steps: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS or step == steps:
            last = now
            on_progress(phase, step, steps)

    return report
