"""Validators that weigh source validation errors so that they are like the target's."""

from __future__ import annotations

import warnings
from hashlib import sha256

import numpy as np

from tlbench.evaluation.validators.predictions import Array, Floats

#: Log density ratios are cut here, far beyond what a regularised classifier says, so that `exp` stays finite.
MAX_LOG_RATIO = 50.0
#: So many density ratios are kept, of some thousand values each.
KEPT_RATIOS = 256


def density_ratio(source_train: Array, target_train: Array, at: Array) -> Floats:
    """Target over source density at the features `at`, of shape (n, features); the result has shape (n,).

    A logistic regression tells the two training sets apart on standardised features, and its odds, corrected for their
    sizes, are the ratio: Bickel, Brückner and Scheffer, ICML 2007, https://doi.org/10.1145/1273496.1273507
    Ratios of features that came before, as frozen ones do in run after run, are not computed again.
    """
    arrays = [np.ascontiguousarray(array) for array in (source_train, target_train, at)]
    key = "|".join(f"{array.dtype} {array.shape} {sha256(array.data).hexdigest()}" for array in arrays)
    if (found := _ratios.get(key)) is None:
        found = _ratios[key] = _fitted_ratio(*arrays)
        found.setflags(write=False)
        if len(_ratios) > KEPT_RATIOS:
            del _ratios[next(iter(_ratios))]
    return found


#: By the digests of what they were computed from, in the order in which they were.
_ratios: dict[str, Floats] = {}


def _fitted_ratio(source_train: Array, target_train: Array, at: Array) -> Floats:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    pooled = np.concatenate([source_train, target_train], dtype=np.float64)
    is_target = np.repeat([0, 1], [len(source_train), len(target_train)])
    scaler = StandardScaler(copy=False).fit(pooled)  # `pooled` is scaled in its place, and so is what is asked for
    with warnings.catch_warnings():
        # A fit that stops early is as deterministic as one that does not, and nobody could act on the warning.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = LogisticRegression(max_iter=1000).fit(scaler.transform(pooled), is_target)
    log_odds = classifier.decision_function(scaler.transform(np.array(at, dtype=np.float64)))
    log_ratio = log_odds + np.log(len(source_train) / len(target_train))
    ratio: Floats = np.exp(np.clip(log_ratio, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    return ratio


def importance_weighted_risk(weights: Floats, errors: Floats) -> float:
    """Mean of w · error over source validation items; both of shape (n,).

    Sugiyama, Krauledat and Müller, JMLR 2007, https://jmlr.org/papers/v8/sugiyama07a.html
    """
    return float((weights * errors).mean())


def deep_embedded_validation_risk(weights: Floats, errors: Floats) -> float:
    """Mean of w·e with a control variate: + η mean(w) − η, where η = −Cov(w·e, w) / Var(w); both of shape (n,).

    Weights that are all equal have nothing to control: η = 0. Nothing bounds the weights: as in the paper, whose bound
    is on their second moment and is met by a classifier that is regularised. So the risk may be below 0 or above 1.
    You et al., ICML 2019, https://proceedings.mlr.press/v97/you19a.html
    """
    weighted = weights * errors
    deviation = weights - weights.mean()
    variance = float((deviation**2).mean())
    eta = -float((weighted * deviation).mean()) / variance if variance else 0.0
    return float(weighted.mean() + eta * (weights.mean() - 1))


def normalised_weights(weights: Floats) -> Floats:
    """Weights over their maximum, then moved to a mean of 1; so they lie within (0, 2); shape (n,).

    They cannot be dominated by a few items. With a mean of 1 the control variate of `deep_embedded_validation_risk`
    is 0, and what is left is mean(e) + Cov(w, e). DEVN in Musgrave, Belongie and Lim 2022,
    https://arxiv.org/abs/2208.07360
    """
    shares = weights / weights.max()
    moved: Floats = shares - shares.mean() + 1
    return moved
