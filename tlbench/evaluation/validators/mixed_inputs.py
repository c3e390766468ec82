"""MixVal: whether a model says of mixed target inputs what it says of the inputs that they are mixed from.

The mixtures are predicted by the run itself, as all is, after its training (`tlbench.execution.mixed_inputs`); the
host, which has the predictions of the inputs, knows which were mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.evaluation.validators.predictions import Array

Indices = NDArray[np.int64]

#: Share of the first input in a mixture, as published.
SHARE = 0.55
#: So many target inputs are mixed, each twice: what it costs is then about one more pass over the test items.
MOST_MIXED = 500
#: Of the order in which inputs find a partner of another class; the same of every checkpoint.
SEED = 0


@dataclass(frozen=True)
class Mixtures:
    """Positions of the inputs that are mixed, (m,), and of their partners within their class and among all, (m,)."""

    first: Indices
    within: Indices
    among: Indices


def mixtures(predicted: NDArray[np.integer[Any]]) -> Mixtures:
    """Which of n target inputs are mixed with which, by their predicted classes, int (n,).

    Within a class the inputs are paired from both ends; among all by a fixed permutation, where pairs of one class
    count for nothing. Inputs are evenly spaced among those that there are, for these may be in the order of classes.
    """
    n = len(predicted)
    first = np.unique(np.linspace(0, n - 1, min(n, MOST_MIXED)).round().astype(np.int64))
    within = np.empty_like(first)
    classes = predicted[first]
    for name in np.unique(classes):
        here = np.flatnonzero(classes == name)
        within[here] = first[here[::-1]]
    among = first[np.random.default_rng(SEED).permutation(len(first))]
    return Mixtures(first, within, among)


def mixture_count(inputs: int) -> int:
    """How many mixtures are made of so many inputs."""
    return 2 * min(inputs, MOST_MIXED)


def interpolation_consistency(logits: Array, mixed: Array) -> float:
    """Mean of two shares: mixtures within a predicted class that are of it, and across classes that are of the first.

    `logits` (n, classes) are of the target inputs, `mixed` (2m, classes) of their mixtures: first those within a class,
    then those among all. From 0 to 1; larger is better. A model that predicts one class alone has no mixture across
    classes, and 0 for it.
    Hu, Liang, Liew, Xue, Bai and Wang, NeurIPS 2023, https://openreview.net/forum?id=ackajXqei2. The authors' programs
    give the two shares apart; their mean is as in skada.
    """
    predicted = logits.argmax(axis=1)
    pairs = mixtures(predicted)
    agrees = mixed.argmax(axis=1).reshape(2, -1) == predicted[pairs.first]
    across = predicted[pairs.first] != predicted[pairs.among]
    return float(agrees[0].mean() + (agrees[1][across].mean() if across.any() else 0.0)) / 2
