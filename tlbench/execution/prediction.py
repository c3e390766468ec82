"""Predictions after training: of the test items, and of the fixed items that selectors read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, rows_of
from tlbench.core.predictor import Predictor, Side
from tlbench.execution.evaluation_inputs import Evaluation
from tlbench.training.batches import batch_tensor
from tlbench.training.inference import OutputBuffer, inference_slices

Arrays = dict[str, NDArray[Any]]


def steps_of(places: dict[str, Any], predictor: Predictor) -> list[int]:
    """The checkpoints that are evaluated."""
    steps = list(predictor.steps)
    return steps[-1:] if places["last_step_alone"] else steps


def evaluate(given: Evaluation, predictor: Predictor, device: str) -> tuple[Arrays, float]:
    """Logits of test items at every checkpoint, logits and features of the selectors' items; inference examples/s."""
    places = given.places
    test = given.inputs(places["test"])
    arrays: Arrays = {}
    steps = steps_of(places, predictor)
    if len(steps) == 1:
        predict(predictor, test, "target", device)  # the warm-up pass; with more checkpoints the first one is it
    for step in steps:
        predictor.load(step)
        start = time.perf_counter()
        arrays[f"{step}/test/logits"], _ = predict(predictor, test, "target", device)
        rate = len(test) / (time.perf_counter() - start)
        if places["source_tests"] and predictor.has_side("source"):
            parts = [given.inputs(path) for path in places["source_tests"]]
            arrays[f"{step}/source_test/logits"], _ = _predict_parts(predictor, parts, "source", device)
        arrays |= selection(given, predictor, step, device)
    return arrays, rate


def selection(given: Evaluation, predictor: Predictor, step: int, device: str) -> Arrays:
    """Logits and features of the selectors' items at the checkpoint that is loaded."""
    arrays: Arrays = {}
    for role, parts in given.places["selection"].items():
        side: Side = "source" if role.startswith("source") else "target"
        if predictor.has_side(side):
            inputs = [rows_of(given.inputs(part["inputs"]), np.array(part["items"])) for part in parts]
            logits, features = _predict_parts(predictor, inputs, side, device)
            arrays[f"{step}/{role}/logits"], arrays[f"{step}/{role}/features"] = logits, features
    return arrays


def _predict_parts(
    predictor: Predictor, parts: Sequence[Inputs], side: Side, device: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Predictions of several arrays, joined; those of several sources each by the classifier of its own."""
    found = []
    for index, part in enumerate(parts):
        predictor.select_source(index)
        found.append(predict(predictor, part, side, device))
    logits, features = zip(*found, strict=True)
    return np.concatenate(logits), np.concatenate(features)


def evaluate_folds(
    given: Evaluation, predictors: Sequence[Predictor], items: Sequence[NDArray[np.int64]], device: str
) -> tuple[Arrays, float]:
    """Logits of all test items at every checkpoint, each from the predictor that had not seen its label."""
    test = given.inputs(given.places["test"])
    arrays: Arrays = {}
    seconds = 0.0
    predict(predictors[0], rows_of(test, items[0]), "target", device)  # the warm-up pass
    for predictor, chosen in zip(predictors, items, strict=True):
        inputs = rows_of(test, chosen)
        for step in predictor.steps:
            predictor.load(step)
            start = time.perf_counter()
            logits, _ = predict(predictor, inputs, "target", device)
            seconds += (time.perf_counter() - start) / len(predictor.steps)
            whole = arrays.setdefault(f"{step}/test/logits", np.empty((len(test), logits.shape[1]), np.float32))
            whole[chosen] = logits
    return arrays, len(test) / seconds


def predict(
    predictor: Predictor, inputs: Inputs, side: Side, device: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (n, classes) and features (n, d) of raw inputs. Raises `ValueError` for logits of another shape."""
    logits, features = OutputBuffer(len(inputs)), OutputBuffer(len(inputs))
    with torch.inference_mode():
        for rows in inference_slices(inputs):
            batch = batch_tensor(inputs, rows, device)
            prediction = predictor.predict(batch, side)
            if prediction.logits.shape[:1] != (len(batch),) or prediction.logits.ndim != 2:
                shape = tuple(prediction.logits.shape)
                raise ValueError(
                    f"predict() gave logits of shape {shape} for {len(batch)} inputs; (n, classes) is expected"
                )
            logits.fill(rows, prediction.logits.float().cpu().numpy())
            features.fill(rows, prediction.features.flatten(1).float().cpu().numpy())
    return logits.array, features.array
