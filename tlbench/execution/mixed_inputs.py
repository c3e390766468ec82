"""What two validators ask of a trained model beside predictions: those on mixed inputs, and its classifier's weights.

Neither may cost a run its result: where an input cannot be mixed, or a model does not say what its parts are, the
validator has nothing to read, and the others are as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tlbench.core.inputs import Inputs, rows_of
from tlbench.core.predictor import Predictor
from tlbench.evaluation.validators.mixed_inputs import SHARE, mixtures
from tlbench.training.batches import batch_tensor
from tlbench.training.inference import inference_slices

Floats = NDArray[np.float32]


def predict_mixtures(predictor: Predictor, inputs: Inputs, logits: Floats, device: str) -> Floats | None:
    """Logits (2m, classes) of mixtures of target inputs, whose own are `logits` (n, classes).

    None where inputs are no numbers that can be mixed, such as the numbers of words in a vocabulary.
    """
    if not _can_be_mixed(inputs):
        return None
    pairs = mixtures(logits.argmax(axis=1))
    first = rows_of(inputs, np.tile(pairs.first, 2))
    second = rows_of(inputs, np.concatenate([pairs.within, pairs.among]))
    found = []
    with torch.inference_mode():
        for rows in inference_slices(first, device):
            mixed = _mix(batch_tensor(first, rows, device), batch_tensor(second, rows, device))
            found.append(predictor.predict(mixed, "target").logits.float().cpu().numpy())
    whole: Floats = np.concatenate(found)
    return whole if np.isfinite(whole).all() else None


def head_weights(predictor: Predictor, classes: int) -> Floats | None:
    """Weights (classes, d) of the target classifier's last linear layer; None where the model does not have such a one.

    A model that predicts in a way of its own, and one whose classifier has a single row for two classes, have none.
    """
    parts = predictor.parts()
    if parts is None:
        return None
    if isinstance(parts.head, nn.Module):
        matrices: list[Any] = [tensor for name, tensor in parts.head.state_dict().items() if name.endswith("weight")]
    else:
        matrices = [torch.as_tensor(np.asarray(parts.head.coef_))] if hasattr(parts.head, "coef_") else []
    return _last_of(matrices, classes)


def _last_of(matrices: Sequence[Tensor], classes: int) -> Floats | None:
    fitting = [matrix for matrix in matrices if matrix.ndim == 2 and len(matrix) == classes and matrix.shape[1]]
    if not fitting:
        return None
    weights: Floats = fitting[-1].detach().float().cpu().numpy().copy()
    return weights if np.isfinite(weights).all() else None


def _can_be_mixed(inputs: Inputs) -> bool:
    return np.issubdtype(inputs.dtype, np.floating) or inputs.dtype == np.uint8


def _mix(first: Tensor, second: Tensor) -> Tensor:
    """`SHARE` of the first; bytes of images stay bytes."""
    mixed = SHARE * first.float() + (1 - SHARE) * second.float()
    return mixed if first.is_floating_point() else mixed.round().to(first.dtype)
