"""Linear support vector machine (Fan et al. 2008, LIBLINEAR) on the features of a backbone as it is initialised.

Paper: https://www.jmlr.org/papers/v9/fan08a.html

With φ(x) the scaled features and t = 1 for the examples of class k, −1 for the others, minimise for each class

    ½ ‖w_k‖² + ½ b_k² + C Σ max(0, 1 − t (w_kᵀφ(x) + b_k))²,    logit_k(x) = w_kᵀφ(x) + b_k

On the backbone `linear` this is the baseline on the inputs themselves in many a paper on domain adaptation.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tlbench_strategies.frozen_features.initial_features import InitialFeatures


class LinearSVM(InitialFeatures):
    """One-against-rest linear SVM with the squared hinge loss; its decision values are the logits."""

    paper = "https://www.jmlr.org/papers/v9/fan08a.html"
    gives_probabilities = False

    class Params(InitialFeatures.Params):
        """`C`: weight of the examples' losses; `max_iter`: of LIBLINEAR, what is not done by then is noted."""

        C: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
        max_iter: Annotated[int, Field(ge=1)] = 1000

    def classifier(self, examples: int) -> Any:
        """LIBLINEAR visits examples in a random order, here the same for every seed: its minimum is one."""
        from sklearn.svm import LinearSVC

        return LinearSVC(C=self.params.C, max_iter=self.params.max_iter, random_state=0)
