"""What metrics and selectors share: probabilities from logits, and which metrics are losses. No torch here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Metrics of which a smaller value is better; of every other metric a larger one is.
LOWER_IS_BETTER: frozenset[str] = frozenset({"nll", "ece"})


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Natural log of the softmax over the last axis, in float64, without overflow.

    `logits` are finite, of shape (n, classes); so is the result.
    """
    # The maximum goes first, so that the largest exponent is 0.
    shifted = logits.astype(np.float64)
    shifted -= logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities of shape (n, classes) from finite logits of that shape; each row sums to 1."""
    found = log_softmax(logits)
    return np.exp(found, out=found)
