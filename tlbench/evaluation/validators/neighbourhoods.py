"""Soft neighbourhood density, and a gate that keeps it from choosing a model that has unlearnt its source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlbench.core.probabilities import softmax
from tlbench.evaluation.validators.predictions import Array, mean_entropy

#: Temperature of soft neighbourhood density, as published.
SND_TEMPERATURE = 0.05
#: A candidate passes the gate with this share of the best candidate's accuracy on source validation data. It is ours:
#: the paper asks for no more than that source accuracy has not broken down. No result was looked at to set it.
GATE = 0.9


def soft_neighbourhood_density(logits: Array) -> float:
    """Mean entropy, in nats, of each item's softmax over its similarities to the others; `logits`: (n, classes).

    Similarities are cosines of softmax outputs over a temperature of 0.05. Large where items have many near neighbours.
    A model that says the same of every item has the largest density of all, ln (n − 1): the authors' own limitation.
    Saito et al., ICCV 2021, https://arxiv.org/abs/2108.10860
    """
    if len(logits) < 2:
        return 0.0
    outputs = softmax(logits)
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    similarity = outputs @ outputs.T
    similarity /= SND_TEMPERATURE
    n = len(similarity)
    # Without the first value, which is of the diagonal, every (n + 1)th is.
    others = similarity.reshape(-1)[1:].reshape(n - 1, n + 1)[:, :-1].reshape(n, n - 1)
    return mean_entropy(others)


def gated(density: Sequence[float], source_accuracy: Sequence[float]) -> list[float]:
    """Densities of candidates, −∞ for one whose source validation accuracy is below 90 % of the best candidate's.

    Both have an entry for each candidate, in one order. A candidate with the best accuracy always passes.
    """
    least = GATE * max(source_accuracy)
    return [score if right >= least else float("-inf") for score, right in zip(density, source_accuracy, strict=True)]
