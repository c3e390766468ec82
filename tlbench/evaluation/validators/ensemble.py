"""EnsV: how far each candidate agrees with the ensemble of all candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.probabilities import softmax
from tlbench.evaluation.validators.predictions import Array


def ensemble_agreement(candidates: Sequence[Array]) -> list[float]:
    """Of each candidate the share of items whose class is that of the mean prediction of all candidates.

    Each has logits of shape (n, classes) of the same n target inputs. From 0 to 1; larger is better. A candidate that
    is alone agrees with itself.
    EnsV: Hu, Luo, Liang and Foo, NeurIPS 2023 Workshop on Distribution Shifts,
    https://openreview.net/forum?id=SfRa1zGxCg
    """
    role_model = np.mean([softmax(logits) for logits in candidates], axis=0).argmax(axis=1)
    return [float((logits.argmax(axis=1) == role_model).mean()) for logits in candidates]


def vote_agreement(candidates: Sequence[NDArray[np.integer[Any]]]) -> list[float]:
    """As `ensemble_agreement`, of candidates that left their predicted classes alone, int (n,): the ensemble votes.

    Of classes with equally many votes the one with the smallest number stands.
    """
    votes = np.stack(candidates)
    classes = np.arange(int(votes.max()) + 1)
    role_model = np.stack([(votes == name).sum(axis=0) for name in classes]).argmax(axis=0)
    return [float((own == role_model).mean()) for own in votes]
