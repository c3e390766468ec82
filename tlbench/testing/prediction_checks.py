"""The check of predictions: finite, of the right shape, and each from its own example alone."""

from __future__ import annotations

import numpy as np

from tlbench.core.predictor import Predictor
from tlbench.core.probabilities import softmax
from tlbench.testing.check import CheckFailed
from tlbench.testing.strategy_trial import Fitted

#: Sums in another order make smaller differences of probabilities.
CLOSE = 1e-3


def check_predictions(fitted: Fitted) -> None:
    """Finite logits (n, classes), the same one by one, by sevens and all at once. Raises `CheckFailed`."""
    if not isinstance(fitted.predictor, Predictor):
        raise CheckFailed(
            f"fit() gave a {type(fitted.predictor).__name__}; give what toolkit.train(…) gives, or a Predictor"
        )
    test, classes = fitted.case.test, len(fitted.case.task.class_names)
    logits = fitted.logits()
    if logits.shape != (len(test.labels), classes):
        raise CheckFailed(f"logits have the shape {logits.shape}; ({len(test.labels)}, {classes}) is expected")
    if not np.isfinite(logits).all():
        raise CheckFailed("logits are not finite; look for a logarithm of 0 or a division by 0 in the loss")
    for batch in (1, 7):
        other = fitted.logits(batch=batch)
        if not np.allclose(softmax(logits), softmax(other), atol=CLOSE):
            worst = float(np.abs(softmax(logits) - softmax(other)).max())
            raise CheckFailed(
                f"probabilities change by up to {worst:.3f} when {batch} at a time are predicted: an example's "
                "prediction must not depend on the others. Predict in evaluation mode (batch norm, dropout)"
            )
