"""Predictions taken for labels, where they are sure enough."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class PseudoLabels(NamedTuple):
    """Labels int64 (n,), and a mask in [0, 1] (n,) of those that are used."""

    labels: Tensor
    mask: Tensor


@torch.no_grad()
def sure_ones(logits: Tensor, threshold: float | Tensor) -> PseudoLabels:
    """The predicted classes of logits (n, classes), used where their probability reaches a threshold, one or (n,)."""
    probability, labels = logits.softmax(1).max(1)
    return PseudoLabels(labels, (probability >= threshold).to(logits.dtype))


def cross_entropy_on(pseudo: PseudoLabels, logits: Tensor) -> Tensor:
    """Cross entropy of logits (n, classes) on pseudo-labels, the mean over **all** examples, those left out being 0.

    So FixMatch (Sohn et al. 2020, eq. 4) has it: where few are sure, they count little.
    """
    return (functional.cross_entropy(logits, pseudo.labels, reduction="none") * pseudo.mask).mean()
