"""Predictions after training: of the test items, and of the fixed items that selectors read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, join, rows_of
from tlbench.core.precision import used_precision
from tlbench.core.predictor import Predictor, Side
from tlbench.execution.evaluation_inputs import Evaluation
from tlbench.execution.mixed_inputs import head_weights, predict_mixtures
from tlbench.training.batches import batch_tensor
from tlbench.training.inference import OutputBuffer, inference_slices

Arrays = dict[str, NDArray[Any]]
#: By role the inputs of the selectors' items, those of each domain.
ItemsByRole = dict[str, list[Inputs]]

#: Forward passes before the rate of predictions is measured, where no checkpoint has been predicted with before.
WARM_UP_PASSES = 2

#: Test items that are predicted again in other company, and by how much of the largest logit they may differ: matrix
#: products of other sizes add up in another order, in half precision to three digits.
AGAIN = 8
ROUNDING = {"float32": 0.01, "tf32": 0.02, "bf16": 0.05}


def checked(predictor: object, strategy: str) -> Predictor:
    """What `fit()` gave, where it is a predictor. Raises `TypeError` or `ValueError` that says what it lacks."""
    if not isinstance(predictor, Predictor):
        raise TypeError(f"fit() of {strategy!r} gave a {type(predictor).__name__}; a tlbench.Predictor is expected")
    steps = list(predictor.steps)
    if not steps:
        raise ValueError(f"the predictor of {strategy!r} has no steps: there is no checkpoint to evaluate")
    if not all(isinstance(step, Integral) and step >= 0 for step in steps) or sorted(set(steps)) != steps:
        raise ValueError(
            f"the predictor of {strategy!r} has the steps {str(steps)[:80]}; whole numbers that rise are expected"
        )
    return predictor


def steps_of(places: dict[str, Any], predictor: Predictor) -> list[int]:
    """The checkpoints that are evaluated."""
    steps = [int(step) for step in predictor.steps]
    return steps[-1:] if places["last_step_alone"] else steps


def evaluate(
    given: Evaluation, predictor: Predictor, device: str, notes: list[str] | None = None
) -> tuple[Arrays, float]:
    """Logits of test items at every checkpoint, logits and features of the selectors' items; inference examples/s.

    To `notes` is added what hindered a validator, once.
    """
    places = given.places
    test = given.inputs(places["test"])
    source_tests = [given.inputs(path) for path in places["source_tests"]]
    items = selectors_items(given)
    arrays: Arrays = {}
    steps = steps_of(places, predictor)
    if len(steps) == 1:
        warm_up = slice(0, WARM_UP_PASSES * next(inference_slices(test, device)).stop)
        predict(predictor, test[warm_up], "target", device)  # with more checkpoints the first one warms up
    for step in steps:
        predictor.load(step)
        start = time.perf_counter()
        arrays[f"{step}/test/logits"], _ = predict(predictor, test, "target", device)
        rate = len(test) / (time.perf_counter() - start)
        if source_tests and predictor.has_side("source"):
            arrays[f"{step}/source_test/logits"], _ = _predict_parts(predictor, source_tests, "source", device)
        arrays |= selection(items, predictor, step, device)
        arrays |= _probed(items, predictor, step, arrays.get(f"{step}/target_train/logits"), device, notes)
    check_alone(predictor, test, arrays[f"{steps[-1]}/test/logits"], device)
    return arrays, rate


def check_alone(predictor: Predictor, test: Inputs, logits: NDArray[np.float32], device: str) -> None:
    """Predict a few test items again, in other company and after all others.

    Raises `ValueError` where they differ by more than rounding: what a model predicts for an item would then depend on
    which other items it is tested with. Batch norm that uses the statistics of the batch is the usual cause.
    """
    items = np.unique(np.linspace(0, len(test) - 1, AGAIN).astype(np.int64))[::-1]
    again, _ = predict(predictor, rows_of(test, items), "target", device)
    difference = np.abs(again - logits[items]).max()
    if difference > ROUNDING[used_precision()] * (1 + np.abs(logits[items]).max()):
        raise ValueError(
            f"predictions depend on what else is in the batch or came before: predicted again in other company, the "
            f"logits of {len(items)} test items differ by up to {difference:.2g}; predict() must treat each input alone"
        )


def selectors_items(given: Evaluation) -> ItemsByRole:
    """The inputs of the selectors' items by role, those of each domain."""
    return {
        role: [rows_of(given.inputs(part["inputs"]), np.array(part["items"])) for part in parts]
        for role, parts in given.places["selection"].items()
    }


def selection(items: ItemsByRole, predictor: Predictor, step: int, device: str) -> Arrays:
    """Logits and features of the selectors' items at the checkpoint that is loaded."""
    arrays: Arrays = {}
    for role, inputs in items.items():
        side: Side = "source" if role.startswith("source") else "target"
        if predictor.has_side(side):
            logits, features = _predict_parts(predictor, inputs, side, device)
            arrays[f"{step}/{role}/logits"], arrays[f"{step}/{role}/features"] = logits, features
    return arrays


def _probed(
    items: ItemsByRole,
    predictor: Predictor,
    step: int,
    logits: NDArray[np.float32] | None,
    device: str,
    notes: list[str] | None,
) -> Arrays:
    """What validators read beside predictions, where the model gives it; `logits` are of the target training items."""
    if logits is None:
        return {}
    found: Arrays = {}
    try:
        mixed = predict_mixtures(predictor, join(items["target_train"]), logits, device)
        weights = head_weights(predictor, logits.shape[1])
    except Exception as error:  # whatever a plugin raises on inputs that it was not made for, or when taken apart
        told = f"not every validator has what it reads: {type(error).__name__}: {error}"
        if notes is not None and told not in notes:
            notes.append(told)
        return {}
    if mixed is not None and mixed.shape[1:] == logits.shape[1:]:
        found[f"{step}/target_mixed/logits"] = mixed
    if weights is not None:
        found[f"{step}/head/weights"] = weights
    return found


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
    """Logits (n, classes) and features (n, d) of raw inputs.

    Raises `ValueError` for outputs of another shape, and `TypeError` of another type.
    """
    logits, features = OutputBuffer(len(inputs)), OutputBuffer(len(inputs))
    with torch.inference_mode():
        for rows in inference_slices(inputs, device):
            batch = batch_tensor(inputs, rows, device)
            prediction = predictor.predict(batch, side)
            logits.fill(rows, _part(prediction, "logits", len(batch), "(n, classes)"))
            features.fill(rows, _part(prediction, "features", len(batch), "(n, d)"))
    return logits.array, features.array


def _part(prediction: object, what: str, count: int, form: str) -> NDArray[np.float32]:
    """Logits or features of one pass (n, …), as float32."""
    values = getattr(prediction, what, None)
    if not isinstance(values, torch.Tensor):
        given = type(prediction).__name__ if values is None else f"{what} that are a {type(values).__name__}"
        raise TypeError(f"predict() gave {given}; a tlbench Prediction with tensors of logits and features is expected")
    if values.shape[:1] != (count,) or values.ndim < 2 or (what == "logits" and values.ndim != 2):
        raise ValueError(f"predict() gave {what} of shape {tuple(values.shape)} for {count} inputs; {form} is expected")
    if not values.is_floating_point():
        kind = str(values.dtype).removeprefix("torch.")
        raise TypeError(f"predict() gave {what} of type {kind}; floating-point numbers are expected")
    array: NDArray[np.float32] = values.flatten(1).float().cpu().numpy()
    return array
