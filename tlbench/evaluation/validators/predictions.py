"""Validators that read predictions on target inputs alone: how certain and how varied they are."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlbench.core.probabilities import log_softmax, softmax

Floats: TypeAlias = NDArray[np.float64]
Array: TypeAlias = NDArray[np.floating[Any]]

#: Order of the norm, and the criterion above which softmax is trusted: as published for MaNo.
MANO_ORDER = 4
MANO_THRESHOLD = 5.0


def mean_entropy(logits: Array) -> float:
    """Mean entropy of the predictions, in nats; `logits` of shape (n, classes).

    Its negative is a validator in Morerio et al., ICLR 2018, https://arxiv.org/abs/1711.10288
    """
    log_p = log_softmax(logits)
    return float(-(np.exp(log_p) * log_p).sum(axis=1).mean())


def mutual_information(logits: Array) -> float:
    """Entropy of the mean prediction − mean entropy of the predictions, in nats; `logits` of shape (n, classes).

    Small when predictions are uncertain, and when they all say the same. As a validator in Musgrave, Belongie and Lim
    2022, https://arxiv.org/abs/2208.07360; Shi and Sha, ICML 2012, https://arxiv.org/abs/1206.6438
    """
    return _entropy(softmax(logits).mean(axis=0)) - mean_entropy(logits)


def batch_nuclear_norm(logits: Array) -> float:
    """‖P‖_* / n: the sum of singular values of the predictions P, of shape (n, classes), over their number.

    From 1/√n (all predictions the same and certain: rank 1) to √(classes / n) (certain, and classes alike in number);
    larger is better. Of one run n is the same at every checkpoint.
    Musgrave, Belongie and Lim 2022, https://arxiv.org/abs/2208.07360, after the loss of Cui et al., CVPR 2020,
    https://arxiv.org/abs/2003.12237
    """
    return float(np.linalg.svd(softmax(logits), compute_uv=False).sum()) / len(logits)


def matrix_norm(logits: Array) -> float:
    """MaNo: (mean of σ⁴ over items and classes)^¼, with σ the normalised logits; `logits` of shape (n, classes).

    σ is softmax where the cross-entropy of predictions with the uniform distribution, Φ, exceeds 5 nats. Where it does
    not, softmax is held to be miscalibrated, and σ is v / Σv with v = 1 + q + q²/2, the second-order Taylor polynomial
    of exp. From 1/classes (undecided) to classes^−¼ (certain); larger is better. v rises again below q = −1, so a logit
    far below 0 counts as one far above it: the authors' own construction.
    Xie, Odonnat, Feofanov et al., NeurIPS 2024, https://arxiv.org/abs/2405.18979, equation 6
    """
    q = logits.astype(np.float64)
    if float(-log_softmax(q).mean()) > MANO_THRESHOLD:
        normalised = softmax(q)
    else:
        v = 1 + q + q**2 / 2
        normalised = v / v.sum(axis=1, keepdims=True)
    return float((normalised**MANO_ORDER).mean() ** (1 / MANO_ORDER))


def _entropy(p: Floats) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())
