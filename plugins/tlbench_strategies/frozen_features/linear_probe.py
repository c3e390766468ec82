"""Linear probe (Alain and Bengio 2016): logistic regression on the features that a backbone has before any training.

Paper: https://arxiv.org/abs/1610.01644

With φ(x) the scaled features of the backbone's own weights, minimise over W, b

    Σ −log softmax(Wφ(x) + b)_y + 1/(2C) ‖W‖²

`feature-extraction` differs in that its backbone is trained on the source, and that it chooses C by itself. L-BFGS
stops at scikit-learn's tolerance, so on a thousand features that are not scaled the order of the examples alone can
move accuracy by a few tenths of a point.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tlbench_strategies.frozen_features.initial_features import InitialFeatures


class LinearProbe(InitialFeatures):
    """Logistic regression on the features of a backbone as it is initialised."""

    paper = "https://arxiv.org/abs/1610.01644"

    class Params(InitialFeatures.Params):
        """`C`: inverse strength of regularisation; `max_iter`: of L-BFGS, what is not done by then is noted."""

        C: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
        max_iter: Annotated[int, Field(ge=1)] = 1000

    def classifier(self, examples: int) -> Any:
        """Multinomial, which of two classes is the binary one."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.params.C, max_iter=self.params.max_iter)
