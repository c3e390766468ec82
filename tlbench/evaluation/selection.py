"""Model selection after the fact: every protocol scored on one training's checkpoints.

A run hands back logits and features per checkpoint; labels stay with the host. `scores` rates one checkpoint by every
protocol for which the inputs are there, larger is better; `choose` takes the best. Nothing here is random.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tlbench.core.probabilities import log_softmax, softmax
from tlbench.errors import TlbenchError, unknown

Floats = NDArray[np.float64]
Array = NDArray[np.floating]
Labels = NDArray[np.int64]
Score = TypeVar("Score")

#: What each protocol chooses by, in the order in which tables show them.
DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "last": "nothing: the last step",
        "source-val": "accuracy on source validation data",
        "entropy": "low entropy of the predictions on target inputs",
        "infomax": "predictions on target inputs that are certain each and balanced together",
        "snd": "dense neighbourhoods among the predictions on target inputs",
        "iwv": "accuracy on source validation data, weighted to be like the target",
        "dev": "as iwv, with a control variate for the variance of the weights",
        "reverse-validation": "accuracy on source validation data of a second training, from target to source",
        "target-val": "accuracy on labelled target validation data; counts as labels used",
        "target-test": "accuracy on the target test labels: dishonest, shown for comparison, never ranked",
    }
)
PROTOCOLS: tuple[str, ...] = tuple(DESCRIPTIONS)
#: Protocols that are scored from the checkpoints of one training; reverse validation takes a second one.
OF_CHECKPOINTS: tuple[str, ...] = tuple(name for name in PROTOCOLS if name != "reverse-validation")
#: Protocols that see no test label.
HONEST: frozenset[str] = frozenset(PROTOCOLS) - {"target-test"}

#: Temperature of soft neighbourhood density, as published.
SND_TEMPERATURE = 0.05
#: Log density ratios are cut here, far beyond what a regularised classifier says, so that `exp` stays finite.
MAX_LOG_RATIO = 50.0
#: Values of float64 that a processor's cache holds a few times.
CACHED_VALUES = 2**15
#: So many density ratios are kept, of some thousand values each.
KEPT_RATIOS = 256


@dataclass(frozen=True)
class CheckpointOutputs:
    """What a run hands back for one checkpoint; None where its setting has no such data.

    Features are floats of shape (n, features), logits of shape (n, classes), of at most 2,000 items of each split (all
    of `test`), the same items and order at every checkpoint.
    """

    step: int
    source_train_features: Array | None
    source_train_logits: Array | None
    source_val_features: Array | None
    source_val_logits: Array | None
    target_train_features: Array | None
    target_train_logits: Array | None
    test_logits: Array | None
    target_val_logits: Array | None = None


@dataclass(frozen=True)
class SelectionLabels:
    """The labels of those items, int64 of shape (n,), which the host holds.

    `target_val_labels` are None unless the setting counts them as labels used (`inductive`).
    """

    source_train_labels: Labels | None
    source_val_labels: Labels | None
    target_val_labels: Labels | None
    target_test_labels: Labels | None


def scores(outputs: CheckpointOutputs, labels: SelectionLabels) -> dict[str, float]:
    """Rate one checkpoint by every protocol, larger is better, in the order of `OF_CHECKPOINTS`.

    A protocol is absent where one of its inputs is None, and −∞ where one of them holds a value that is not finite: a
    checkpoint that diverged is chosen last. `last` reads nothing, so it takes even such a one.
    """
    target_train = outputs.target_train_logits
    source_val = outputs.source_val_logits, labels.source_val_labels
    features = outputs.source_train_features, outputs.target_train_features, outputs.source_val_features
    iwv, dev = _rate(_weighted_scores, *features, *source_val, diverged=(-np.inf, -np.inf)) or (None, None)
    rated = {
        "last": float(outputs.step),
        "source-val": _rate(_accuracy, *source_val, diverged=-np.inf),
        "entropy": _rate(lambda logits: -mean_entropy(logits), target_train, diverged=-np.inf),
        "infomax": _rate(mutual_information, target_train, diverged=-np.inf),
        "snd": _rate(soft_neighbourhood_density, target_train, diverged=-np.inf),
        "iwv": iwv,
        "dev": dev,
        "target-val": _rate(_accuracy, outputs.target_val_logits, labels.target_val_labels, diverged=-np.inf),
        "target-test": _rate(_accuracy, outputs.test_logits, labels.target_test_labels, diverged=-np.inf),
    }
    return {protocol: score for protocol, score in rated.items() if score is not None}


def choose(per_checkpoint_scores: Mapping[int, Mapping[str, float]], protocol: str) -> int:
    """Return the step that `protocol` chooses from `{step: scores}`; of equal ones the latest, as `last` would.

    Raises `TlbenchError` where the protocol is unknown, or has no score at a checkpoint.
    """
    if protocol not in OF_CHECKPOINTS:
        raise TlbenchError(unknown("selection protocol", protocol, OF_CHECKPOINTS))
    without = sorted(step for step, rated in per_checkpoint_scores.items() if protocol not in rated)
    if without or not per_checkpoint_scores:
        where = f"at the checkpoints of steps {without}" if without else "because there are no checkpoints"
        raise TlbenchError(f"selection protocol {protocol!r} has no score {where}; its setting lacks what it reads")
    return max(per_checkpoint_scores, key=lambda step: (per_checkpoint_scores[step][protocol], step))


def mean_entropy(logits: Array) -> float:
    """Mean entropy of the predictions, in nats; `logits` of shape (n, classes).

    Its negative is a validator in Morerio et al., ICLR 2018, https://arxiv.org/abs/1711.10288
    """
    # Some rows at a time, which stay in the processor's cache.
    rows = max(1, CACHED_VALUES // max(1, logits.shape[1]))
    return float(-np.concatenate([_entropies(logits[at : at + rows]) for at in range(0, len(logits), rows)]).mean())


def _entropies(logits: Array) -> Floats:
    """The negative entropy of each row."""
    log_p = log_softmax(logits)
    products = np.exp(log_p)
    products *= log_p
    found: Floats = products.sum(axis=1)
    return found


def mutual_information(logits: Array) -> float:
    """Entropy of the mean prediction − mean entropy of the predictions, in nats; `logits` of shape (n, classes).

    Small when predictions are uncertain, and when they all say the same. As a validator in Musgrave, Belongie and Lim
    2022, https://arxiv.org/abs/2208.07360; Shi and Sha, ICML 2012, https://arxiv.org/abs/1206.6438
    """
    return _entropy(softmax(logits).mean(axis=0)) - mean_entropy(logits)


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

    Weights that are all equal have nothing to control: η = 0.
    You et al., ICML 2019, https://proceedings.mlr.press/v97/you19a.html
    """
    weighted = weights * errors
    deviation = weights - weights.mean()
    variance = float((deviation**2).mean())
    eta = -float((weighted * deviation).mean()) / variance if variance else 0.0
    return float(weighted.mean() + eta * (weights.mean() - 1))


def _rate(validator: Callable[..., Score], *arrays: Array | Labels | None, diverged: Score) -> Score | None:
    """Apply the validator; None where an array is missing or empty, `diverged` where one is not finite."""
    present = [array for array in arrays if array is not None and len(array)]
    if len(present) < len(arrays):
        return None
    return validator(*present) if all(np.isfinite(array).all() for array in present) else diverged


def _weighted_scores(
    source_train: Array, target_train: Array, source_val: Array, logits: Array, labels: Labels
) -> tuple[float, float]:
    """`iwv` and `dev` together, because they share the density ratio, the one costly part."""
    weights = density_ratio(source_train, target_train, source_val)
    errors = (logits.argmax(axis=1) != labels).astype(np.float64)
    return -importance_weighted_risk(weights, errors), -deep_embedded_validation_risk(weights, errors)


def _accuracy(logits: Array, labels: Labels) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


def _entropy(p: Floats) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())
