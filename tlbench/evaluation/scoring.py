"""From what a run handed back to the numbers of its record. The labels are here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.run_spec import Setting
from tlbench.evaluation.selection import CheckpointOutputs, SelectionLabels, choose, rate

Metric = Callable[[NDArray[np.int64], NDArray[np.floating[Any]]], Any]


@dataclass(frozen=True)
class HostLabels:
    """The labels that the host holds for one run: of whole test splits, and of the fixed items of selection.

    `classes` is the number of the target's; `same_classes` says whether every source has these.
    """

    test: NDArray[np.int64]
    classes: int
    source_test: NDArray[np.int64] | None
    items: Mapping[str, NDArray[np.int64]]
    same_classes: bool = True


@dataclass(frozen=True)
class Score:
    """Metrics by selection protocol, each protocol's scores by checkpoint, and predictions by checkpoint.

    `predictions`: `<step>/test` holds the predicted class ids of the test items, `<step>/correct` whether each is right
    (uint8, 0 or 1), so that paired tests need no label.
    """

    metrics: dict[str, dict[str, Any]]
    selection: dict[str, list[float | None]]
    predictions: dict[str, NDArray[Any]]
    flags: list[str]


def score_run(
    arrays: Mapping[str, NDArray[Any]],
    steps: list[int],
    held: HostLabels,
    metrics: Mapping[str, Metric],
    setting: Setting = "transductive",
) -> Score:
    """Score every checkpoint under every selection protocol; in `unsupervised` the last step alone.

    Raises `ValueError` where logits have the wrong shape or are not finite.
    """
    if setting == "unsupervised":
        return _score_clusters(arrays, steps[-1], held, metrics)
    labels = SelectionLabels(
        held.items.get("source_train"), held.items.get("source_val"), held.items.get("target_val"), held.test
    )
    by_step = rate([_outputs(arrays, step, held.same_classes) for step in steps], labels)
    at_step = {step: _metrics(arrays, step, held, metrics) for step in steps}
    table: dict[str, dict[str, Any]] = {}
    for protocol in by_step[steps[-1]]:
        chosen = choose(by_step, protocol)
        table[protocol] = {"checkpoint": chosen, **at_step[chosen]}
    selection = {name: [_finite(by_step[step][name]) for step in steps] for name in by_step[steps[-1]]}
    predictions = {}
    for step in steps:
        predictions[f"{step}/test"] = predicted = _classes(arrays[f"{step}/test/logits"])
        predictions[f"{step}/correct"] = (predicted == held.test).astype(np.uint8)
    return Score(table, selection, predictions, _flags(table, held.classes))


def _score_clusters(
    arrays: Mapping[str, NDArray[Any]], step: int, held: HostLabels, metrics: Mapping[str, Metric]
) -> Score:
    """The last step of clustering, by metrics that match clusters to classes themselves."""
    table = {"last": {"checkpoint": step, **_metrics(arrays, step, held, metrics)}}
    return Score(table, {"last": [float(step)]}, {f"{step}/test": _classes(arrays[f"{step}/test/logits"])}, [])


def reverse_score(logits: NDArray[Any], labels: NDArray[np.int64]) -> float | None:
    """Accuracy on source validation items after the second training of reverse validation; None if not finite."""
    return float((logits.argmax(axis=1) == labels).mean()) if np.isfinite(logits).all() else None


def _metrics(
    arrays: Mapping[str, NDArray[Any]], step: int, held: HostLabels, metrics: Mapping[str, Metric]
) -> dict[str, Any]:
    logits = arrays[f"{step}/test/logits"]
    if logits.shape != (len(held.test), held.classes):
        raise ValueError(f"logits have the shape {logits.shape}; ({len(held.test)}, {held.classes}) is expected")
    if not np.isfinite(logits).all():
        raise FloatingPointError(f"logits of the test items are not finite at step {step}")
    values = {name: _plain(name, metric(held.test, logits)) for name, metric in metrics.items()}
    source = arrays.get(f"{step}/source_test/logits")
    if source is not None and held.source_test is not None:
        values["source_accuracy"] = float((source.argmax(axis=1) == held.source_test).mean())
    return values


def _plain(name: str, value: Any) -> Any:
    """A metric's value as a record can hold it. Raises `TypeError` naming the metric for anything else."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if not isinstance(value, bool | int | float | list):
        raise TypeError(f"metric {name!r} gave a {type(value).__name__}; a number, or a list of numbers, is expected")
    return value


def _outputs(arrays: Mapping[str, NDArray[Any]], step: int, same_classes: bool) -> CheckpointOutputs:
    """What selectors read. Weighted source errors say nothing of other classes: those that read them get nothing."""

    def of(role: str, what: str) -> NDArray[Any] | None:
        return arrays.get(f"{step}/{role}/{what}")

    return CheckpointOutputs(
        step=step,
        source_train_features=of("source_train", "features") if same_classes else None,
        source_train_logits=of("source_train", "logits"),
        source_val_features=of("source_val", "features"),
        source_val_logits=of("source_val", "logits"),
        target_train_features=of("target_train", "features"),
        target_train_logits=of("target_train", "logits"),
        test_logits=of("test", "logits"),
        target_val_logits=of("target_val", "logits"),
        target_mixed_logits=of("target_mixed", "logits"),
        head_weights=of("head", "weights"),
    )


def _classes(logits: NDArray[Any]) -> NDArray[Any]:
    """Predicted class ids in the smallest type that holds them, so that stored predictions stay small."""
    kind = np.uint8 if logits.shape[1] <= 256 else np.uint16
    classes: NDArray[Any] = logits.argmax(axis=1).astype(kind)
    return classes


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _flags(table: Mapping[str, Mapping[str, Any]], classes: int) -> list[str]:
    accuracy = table["last"].get("accuracy")
    if accuracy is not None and accuracy <= 1.0 / classes:
        return [f"at or below chance: accuracy {accuracy:.3f} with {classes} classes"]
    return []
