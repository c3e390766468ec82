"""How sure predictions are, and how evenly they spread over the classes; in nats."""

from __future__ import annotations

from torch import Tensor


def entropy(logits: Tensor) -> Tensor:
    """H of each prediction: logits (n, classes) to (n,), from 0 to log(classes)."""
    logs = logits.log_softmax(1)
    return -(logs.exp() * logs).sum(1)


def entropy_of_mean(logits: Tensor) -> Tensor:
    """H of the mean prediction of a batch, a scalar: log(classes) where all classes are predicted equally often."""
    mean = logits.softmax(1).mean(0)
    return -(mean * mean.clamp_min(1e-12).log()).sum()  # a class that nobody is gives 0


def sureness(logits: Tensor) -> Tensor:
    """1 + e^(−H) of each prediction (n,), from 1 + 1/classes to 2: the weight of sure examples in several methods."""
    return 1 + (-entropy(logits)).exp()
