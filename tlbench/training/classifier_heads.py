"""Fitted classifiers of scikit-learn as tensors, so that they can be kept without a pickle."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tlbench.core.saved_heads import LinearHead, NeighboursHead, SavedHead, Scaling


def saved_head(classifier: Any, total: int) -> SavedHead | None:
    """A linear classifier or nearest neighbours, behind at most one scaling; None for what is neither.

    `total` is the number of the target's classes, of which the classifier may have seen some.
    """
    steps = [step for _, step in classifier.steps] if _is(classifier, "Pipeline") else [classifier]
    if len(steps) > 2:
        return None
    scaling = _scaling(steps[0]) if len(steps) == 2 else Scaling("none")
    return None if scaling is None else _head(steps[-1], total, scaling)


def _head(fitted: Any, total: int, scaling: Scaling) -> SavedHead | None:
    if _is(fitted, "LogisticRegression"):
        return _linear(fitted, total, scaling, probabilities=True)
    if _is(fitted, "LinearSVC"):
        return _linear(fitted, total, scaling, probabilities=False)
    euclidean = _is(fitted, "KNeighborsClassifier") and fitted.weights == "uniform" and fitted.metric == "minkowski"
    if euclidean and fitted.p == 2 and isinstance(fitted._fit_X, np.ndarray):
        examples, votes = _tensor(fitted._fit_X), torch.from_numpy(np.array(fitted._y, np.int64))
        return NeighboursHead(examples, votes, fitted.n_neighbors, _classes(fitted), total, scaling)
    return None


def _linear(fitted: Any, total: int, scaling: Scaling, *, probabilities: bool) -> SavedHead:
    """Of two classes scikit-learn has one row of weights, for the second class."""
    weight, bias = fitted.coef_, np.broadcast_to(fitted.intercept_, len(fitted.coef_))
    if len(weight) == 1:
        first = np.zeros_like(weight) if probabilities else -weight
        weight, bias = np.concatenate([first, weight]), np.array([0.0 if probabilities else -bias[0], bias[0]])
    kind = weight.dtype
    return LinearHead(
        _tensor(weight),
        _tensor(bias.astype(kind)),
        _classes(fitted),
        total,
        probabilities=probabilities,
        scaling=scaling,
    )


def _scaling(step: Any) -> Scaling | None:
    if _is(step, "StandardScaler"):
        shift = step.mean_ if step.with_mean else np.zeros(step.n_features_in_)
        divide = step.scale_ if step.with_std else np.ones(step.n_features_in_)
        return Scaling("standardise", _tensor(shift.astype(np.float32)), _tensor(divide.astype(np.float32)))
    if _is(step, "FunctionTransformer"):
        scaling = getattr(step.func, "__self__", None)
        return scaling if isinstance(scaling, Scaling) else None
    return None


def _classes(fitted: Any) -> list[int]:
    return [int(number) for number in fitted.classes_]


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array, order="C"))


def _is(step: Any, name: str) -> bool:
    """Whether it is scikit-learn's class of this name and no subclass, which may predict in another way."""
    return type(step).__name__ == name and type(step).__module__.startswith("sklearn.")
