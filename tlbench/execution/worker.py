"""What happens in a run's own process: train with what the setting allows, then open the test inputs and predict.

There is no label here but those in the job's folder.
"""

from __future__ import annotations

import json
import os
import random
import resource
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
from safetensors.torch import save_file as save_tensors

from tlbench.backbone import Backbone
from tlbench.plugins import PluginHost, plugin_host
from tlbench.predictor import Predictor, Side
from tlbench.seeds import derive
from tlbench.spec import RunSpec, SourceModelSpec
from tlbench.strategy import Strategy
from tlbench.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training import losses
from tlbench.training.loop import Diverged
from tlbench.training.toolkit import INFERENCE_BATCH, Progress, Report, Toolkit

#: Least seconds between two progress messages of one run.
PROGRESS_SECONDS = 0.1

Arrays = dict[str, NDArray[Any]]


def work(folder: str | Path, on_progress: Progress) -> int:
    """Do the job in `folder`; the exit code of the process. What went wrong is in `output.json` and on the log."""
    place = Path(folder)
    started = {"started_utc": datetime.now(UTC).isoformat(timespec="seconds"), "cuda": torch.version.cuda}
    try:
        output, arrays = _do(place, _seldom(on_progress))
        _hand_back(place, {"status": "ok", **started, **output}, arrays)
    except Exception as error:
        traceback.print_exc()
        failure = {"type": type(error).__name__, "message": str(error)}
        _hand_back(place, {"status": _status(error), **started, "error": failure}, {})
        return 1
    return 0


def _do(folder: Path, on_progress: Progress) -> tuple[dict[str, Any], Arrays]:
    job = json.loads((folder / "job.json").read_text())
    host = plugin_host(job["plugin_files"])
    if job["kind"] == "source-model":
        return _train_source_model(folder, job, host, on_progress), {}
    return _run(folder, job, host, on_progress)


def _run(folder: Path, job: dict[str, Any], host: PluginHost, on_progress: Progress) -> tuple[dict[str, Any], Arrays]:
    spec = RunSpec.model_validate(job["spec"])
    seconds = {"data": 0.0, "training": 0.0, "evaluation": 0.0}
    start = time.perf_counter()
    _prepare(spec.compute.threads, spec.compute.deterministic, spec.seed)
    strategy = _strategy(host, spec)
    task = _task(job, spec)
    seconds["data"] = time.perf_counter() - start

    start = time.perf_counter()
    toolkit = _toolkit(job, spec, host, on_progress)
    predictor = strategy.fit(task, toolkit)
    seconds["training"] = time.perf_counter() - start

    start = time.perf_counter()  # only now are test inputs opened
    arrays, rate = _evaluate(json.loads((folder / "evaluation.json").read_text()), predictor, job["device"])
    seconds["evaluation"] = time.perf_counter() - start
    output = _summary(toolkit.report, seconds, job["device"])
    return {**output, "steps": list(predictor.steps), "inference_examples_per_second": rate}, arrays


def _train_source_model(folder: Path, job: dict[str, Any], host: PluginHost, on_progress: Progress) -> dict[str, Any]:
    spec = SourceModelSpec.model_validate(job["spec"])
    start = time.perf_counter()
    _prepare(spec.compute.threads, spec.compute.deterministic, spec.seed)
    sources = tuple(_source(view) for view in job["sources"])
    first = sources[0]
    nothing = np.empty(0, np.int64)
    target = TargetView(first.name, first.class_names, first.train.inputs[:0], nothing, nothing)
    task = TransferTask("transductive", None, sources, target, tuple(job["input_shape"]), spec.seed)
    data_seconds = time.perf_counter() - start

    start = time.perf_counter()
    toolkit = _toolkit(job, spec, host, on_progress)
    model = toolkit.new_model(task)

    def loss(model: Any, batch: Any, progress: float) -> torch.Tensor:
        examples = batch.source
        return losses.cross_entropy(model(examples.inputs), examples.labels)

    predictor = toolkit.train(model, loss, task, phase="source")
    made = folder / "model"
    made.mkdir()
    for step, weights in predictor.checkpoints.items():
        kept = {name: value for name, value in weights.items() if name.startswith(("backbone.", "head."))}
        save_tensors(kept, made / f"{step}.safetensors")
    seconds = {"data": data_seconds, "training": time.perf_counter() - start, "evaluation": 0.0}
    return _summary(toolkit.report, seconds, job["device"])


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


def _toolkit(job: dict[str, Any], spec: RunSpec | SourceModelSpec, host: PluginHost, on_progress: Progress) -> Toolkit:
    entry, argument = host.find("backbones", spec.backbone)
    factory = entry.load()
    shape = tuple(job["input_shape"])

    def make_backbone() -> Backbone:
        backbone: Backbone = factory(shape) if argument is None else factory(shape, argument)
        return backbone

    source_model = job.get("source_model")
    return Toolkit(
        make_backbone,
        spec.budget,
        spec.training,
        job["device"],
        None if source_model is None else Path(source_model),
        on_progress,
    )


def _task(job: dict[str, Any], spec: RunSpec) -> TransferTask:
    view = job["target"]
    labelled = np.load(view["labelled"]) if "labelled" in view else np.empty(0, np.int64)
    labels = np.load(view["labels"]) if "labels" in view else np.empty(0, np.int64)
    target = TargetView(view["name"], tuple(view["class_names"]), _open(view["inputs"]), labelled, labels)
    sources = tuple(_source(source) for source in job["sources"])
    return TransferTask(spec.setting, spec.shots, sources, target, tuple(job["input_shape"]), spec.seed)


def _source(view: dict[str, Any]) -> SourceView:
    train, val = (Examples(_open(view[split]["inputs"]), np.load(view[split]["labels"])) for split in ("train", "val"))
    return SourceView(view["name"], tuple(view["class_names"]), train, val)


def _open(path: str) -> NDArray[np.generic]:
    array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


# ---- predictions ------------------------------------------------------------------------------------------------


def _evaluate(places: dict[str, Any], predictor: Predictor, device: str) -> tuple[Arrays, float]:
    """Logits of test items at every checkpoint, logits and features of the selectors' items; inference examples/s."""
    test = _open(places["test"])
    arrays: Arrays = {}
    selection = places["selection"]
    with torch.inference_mode():
        if len(predictor.steps) == 1:
            _predict(predictor, test, "target", device)  # the warm-up pass; with more checkpoints the first one is it
        for step in predictor.steps:
            predictor.load(step)
            start = time.perf_counter()
            arrays[f"{step}/test/logits"], _ = _predict(predictor, test, "target", device)
            rate = len(test) / (time.perf_counter() - start)
            if places["source_test"] is not None and predictor.has_side("source"):
                arrays[f"{step}/source_test/logits"], _ = _predict(
                    predictor, _open(places["source_test"]), "source", device
                )
            for role, chosen in selection.items():
                side: Side = "source" if role.startswith("source") else "target"
                if not predictor.has_side(side):
                    continue
                inputs = _open(chosen["inputs"])[np.array(chosen["items"], np.int64)]
                logits, features = _predict(predictor, inputs, side, device)
                arrays[f"{step}/{role}/logits"], arrays[f"{step}/{role}/features"] = logits, features
    return arrays, rate


def _predict(
    predictor: Predictor, inputs: NDArray[np.generic], side: Side, device: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    logits, features = [], []
    for at in range(0, len(inputs), INFERENCE_BATCH):
        batch = torch.from_numpy(np.array(inputs[at : at + INFERENCE_BATCH])).to(device)
        prediction = predictor.predict(batch, side)
        if prediction.logits.shape[:1] != (len(batch),) or prediction.logits.ndim != 2:
            shape = tuple(prediction.logits.shape)
            raise ValueError(
                f"predict() gave logits of shape {shape} for {len(batch)} inputs; (n, classes) is expected"
            )
        logits.append(prediction.logits.float().cpu().numpy())
        features.append(prediction.features.flatten(1).float().cpu().numpy())
    return np.concatenate(logits), np.concatenate(features)


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


def _status(error: Exception) -> str:
    if isinstance(error, Diverged):
        return "diverged"
    allocator = isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or allocator:
        return "out_of_memory"
    return "failed"


def _seldom(on_progress: Progress) -> Callable[[str, int, int], None]:
    last = 0.0

    def report(phase: str, step: int, steps: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS or step == steps:
            last = now
            on_progress(phase, step, steps)

    return report
