"""Model selection after the fact: every protocol scored on one training's checkpoints.

A run hands back logits and features per checkpoint; labels stay with the host. `rate` rates its checkpoints by every
protocol for which the inputs are there, larger is better; `choose` takes the best. Nothing here is random. What a
protocol computes is in `tlbench.evaluation.validators`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError, unknown
from tlbench.evaluation.validators.class_clusters import class_clusters
from tlbench.evaluation.validators.ensemble import ensemble_agreement
from tlbench.evaluation.validators.mixed_inputs import interpolation_consistency
from tlbench.evaluation.validators.neighbourhoods import gated, soft_neighbourhood_density
from tlbench.evaluation.validators.predictions import (
    Array,
    batch_nuclear_norm,
    matrix_norm,
    mean_entropy,
    mutual_information,
)
from tlbench.evaluation.validators.transfer_score import transfer_score
from tlbench.evaluation.validators.weighted_errors import (
    deep_embedded_validation_risk,
    density_ratio,
    importance_weighted_risk,
    normalised_weights,
)

Labels = NDArray[np.int64]
Score = TypeVar("Score")

#: What each protocol chooses by, in the order in which tables show them.
DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "last": "nothing: the last step",
        "source-val": "accuracy on source validation data",
        "entropy": "low entropy of the predictions on target inputs",
        "infomax": "predictions on target inputs that are certain each and balanced together",
        "bnm": "predictions on target inputs of a large nuclear norm: certain and varied",
        "mano": "normalised logits on target inputs of a large norm",
        "snd": "dense neighbourhoods among the predictions on target inputs",
        "snd-gated": "as snd, among those with at least 90 % of the best accuracy on source validation data",
        "class-ami": "clusters of target features that are the predicted classes",
        "mixval": "predictions on mixed target inputs that agree with those on the inputs",
        "ensv": "agreement with the mean prediction of all checkpoints on target inputs",
        "transfer-score": "evenly spread classifier weights, clustered target features and certain predictions on them",
        "iwv": "accuracy on source validation data, weighted to be like the target",
        "dev": "as iwv, with a control variate for the variance of the weights",
        "devn": "as dev, with weights over their maximum, moved to a mean of 1",
        "reverse-validation": "accuracy on source validation data of a second training, from target to source",
        "target-val": "accuracy on labelled target validation data; counts as labels used",
        "target-test": "accuracy on the target test labels: dishonest, shown for comparison, never ranked",
    }
)
PROTOCOLS: tuple[str, ...] = tuple(DESCRIPTIONS)
#: Protocols that are scored from the checkpoints of one training; reverse validation takes a second one.
OF_CHECKPOINTS: tuple[str, ...] = tuple(name for name in PROTOCOLS if name != "reverse-validation")
#: Of these, the ones whose score of a checkpoint depends on what the others are.
RELATIVE: tuple[str, ...] = ("snd-gated", "ensv")
#: Protocols whose scores say nothing about another run, so that they choose among the members of no grid.
WITHIN_RUNS: frozenset[str] = frozenset({"last", "ensv"})
#: Protocols that see no test label.
HONEST: frozenset[str] = frozenset(PROTOCOLS) - {"target-test"}
#: Protocols that read labels of source validation data.
BY_SOURCE_VAL: tuple[str, ...] = ("source-val", "snd-gated", "iwv", "dev", "devn")

Rated = Mapping[str, float]
_ALL_DIVERGED = (-np.inf, -np.inf, -np.inf)


@dataclass(frozen=True)
class CheckpointOutputs:
    """What a run hands back for one checkpoint; None where its setting has no such data.

    Features are floats of shape (n, features), logits of shape (n, classes), of at most 2,000 items of each split (all
    of `test`), the same items and order at every checkpoint. `target_mixed_logits` (2m, classes) are of mixtures of
    target training items, as `validators.mixed_inputs` pairs them; `head_weights` (classes, d) of the classifier's last
    linear layer.
    """

    step: int
    source_train_features: Array | None
    source_train_logits: Array | None
    source_val_features: Array | None
    source_val_logits: Array | None
    target_train_features: Array | None
    target_train_logits: Array | None
    test_logits: Array | None
    target_val_logits: Array | None = None
    target_mixed_logits: Array | None = None
    head_weights: Array | None = None


@dataclass(frozen=True)
class SelectionLabels:
    """The labels of those items, int64 of shape (n,), which the host holds.

    `target_val_labels` are None unless the setting counts them as labels used (`inductive`).
    """

    source_train_labels: Labels | None
    source_val_labels: Labels | None
    target_val_labels: Labels | None
    target_test_labels: Labels | None


def rate(checkpoints: Sequence[CheckpointOutputs], labels: SelectionLabels) -> dict[int, dict[str, float]]:
    """Rate the checkpoints of one training by every protocol: `{step: scores}`, in the order of `OF_CHECKPOINTS`."""
    rated = {outputs.step: scores(outputs, labels) for outputs in checkpoints}
    _add_gated(rated)
    _add_agreement(rated, checkpoints)
    return {step: {name: own[name] for name in OF_CHECKPOINTS if name in own} for step, own in rated.items()}


def scores(outputs: CheckpointOutputs, labels: SelectionLabels) -> dict[str, float]:
    """Rate one checkpoint by every protocol that asks for no other, larger is better.

    A protocol is absent where one of its inputs is None, and −∞ where one of them holds a value that is not finite: a
    checkpoint that diverged is chosen last. `last` reads nothing, so it takes even such a one.
    """
    logits, features = outputs.target_train_logits, outputs.target_train_features
    source_val = outputs.source_val_logits, labels.source_val_labels
    weighing = outputs.source_train_features, features, outputs.source_val_features
    iwv, dev, devn = _rate(_weighted_scores, *weighing, *source_val, diverged=_ALL_DIVERGED) or (None, None, None)
    rated = {
        "last": float(outputs.step),
        "source-val": _rate(_accuracy, *source_val, diverged=-np.inf),
        "entropy": _rate(lambda logits: -mean_entropy(logits), logits, diverged=-np.inf),
        "infomax": _rate(mutual_information, logits, diverged=-np.inf),
        "bnm": _rate(batch_nuclear_norm, logits, diverged=-np.inf),
        "mano": _rate(matrix_norm, logits, diverged=-np.inf),
        "snd": _rate(soft_neighbourhood_density, logits, diverged=-np.inf),
        "class-ami": _rate(class_clusters, features, logits, diverged=-np.inf),
        "mixval": _rate(interpolation_consistency, logits, outputs.target_mixed_logits, diverged=-np.inf),
        "transfer-score": _rate(transfer_score, outputs.head_weights, features, logits, diverged=-np.inf),
        "iwv": iwv,
        "dev": dev,
        "devn": devn,
        "target-val": _rate(_accuracy, outputs.target_val_logits, labels.target_val_labels, diverged=-np.inf),
        "target-test": _rate(_accuracy, outputs.test_logits, labels.target_test_labels, diverged=-np.inf),
    }
    return {protocol: score for protocol, score in rated.items() if score is not None}


def choose(per_checkpoint_scores: Mapping[int, Rated], protocol: str) -> int:
    """Return the step that `protocol` chooses from `{step: scores}`; of equal ones the latest, as `last` would.

    Raises `TlbenchError` where the protocol is unknown, or has no score at a checkpoint.
    """
    if protocol not in OF_CHECKPOINTS:
        raise TlbenchError(unknown("selection protocol", protocol, OF_CHECKPOINTS))
    without = sorted(step for step, rated in per_checkpoint_scores.items() if protocol not in rated)
    if without or not per_checkpoint_scores:
        where = f"at the checkpoints of steps {without}" if without else "because there are no checkpoints"
        raise TlbenchError(f"selection protocol {protocol!r} has no score {where}; its setting lacks what it reads")
    return max(per_checkpoint_scores, key=lambda step: (per_checkpoint_scores[step][protocol], step))


def _add_gated(rated: Mapping[int, dict[str, float]]) -> None:
    if rated and all({"snd", "source-val"} <= own.keys() for own in rated.values()):
        passed = gated([own["snd"] for own in rated.values()], [own["source-val"] for own in rated.values()])
        for own, score in zip(rated.values(), passed, strict=True):
            own["snd-gated"] = score


def _add_agreement(rated: Mapping[int, dict[str, float]], checkpoints: Sequence[CheckpointOutputs]) -> None:
    """Agreement with the ensemble of those that are finite; −∞ for the others."""
    given = {outputs.step: outputs.target_train_logits for outputs in checkpoints}
    logits = {step: array for step, array in given.items() if array is not None and len(array)}
    if len(logits) < len(given):
        return
    finite = {step: array for step, array in logits.items() if np.isfinite(array).all()}
    agreement = dict(zip(finite, ensemble_agreement(list(finite.values())), strict=True)) if finite else {}
    for step, own in rated.items():
        own["ensv"] = agreement.get(step, -np.inf)


def _rate(validator: Callable[..., Score], *arrays: NDArray[Any] | None, diverged: Score) -> Score | None:
    """Apply the validator; None where an array is missing or empty, `diverged` where one is not finite."""
    present = [array for array in arrays if array is not None and len(array)]
    if len(present) < len(arrays):
        return None
    return validator(*present) if all(np.isfinite(array).all() for array in present) else diverged


def _weighted_scores(
    source_train: Array, target_train: Array, source_val: Array, logits: Array, labels: Labels
) -> tuple[float, float, float]:
    """`iwv`, `dev` and `devn` together, because they share the density ratio, the one costly part."""
    weights = density_ratio(source_train, target_train, source_val)
    errors = (logits.argmax(axis=1) != labels).astype(np.float64)
    return (
        -importance_weighted_risk(weights, errors),
        -deep_embedded_validation_risk(weights, errors),
        -deep_embedded_validation_risk(normalised_weights(weights), errors),
    )


def _accuracy(logits: Array, labels: Labels) -> float:
    return float((logits.argmax(axis=1) == labels).mean())
