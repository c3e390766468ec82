"""Metrics of classification and, for the `unsupervised` setting, of clustering; scikit-learn's where it has them.

Every metric takes `labels`, int64 of shape (n,), and `logits`, floats of shape (n, classes), and returns a plain
`float` (two return lists and say so). The predicted class, or the cluster, of an item is its largest logit, the first
of equal ones. All raise `ValueError` where there is no item, where shapes or labels do not fit the logits, or where a
logit is not finite: a diverged model has no score.

A class that occurs neither in the labels nor in the predictions scores 0, as does any other 0/0 of the `macro_`
metrics and of `per_class_f1`: these average over all `classes`, whatever the model predicted, so that the numbers of
two models on one test split are always means over the same classes. A split that lacks a class therefore caps them
below 1, for every model alike. `balanced_accuracy` and `auroc` are means over the classes that occur.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlbench.core.probabilities import log_softmax, softmax

Labels = NDArray[np.int64]
Logits = NDArray[np.floating]

ECE_BINS = 15


def accuracy(labels: Labels, logits: Logits) -> float:
    """Share of items whose top class is the label."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, _predicted(labels, logits)))


def balanced_accuracy(labels: Labels, logits: Logits) -> float:
    """Mean recall over the classes that occur in `labels`: scikit-learn's `balanced_accuracy_score`."""
    # By way of the recalls, because `balanced_accuracy_score` warns where an absent class is predicted.
    from sklearn.metrics import recall_score

    return float(recall_score(labels, _predicted(labels, logits), labels=np.unique(labels), average="macro"))


def macro_f1(labels: Labels, logits: Logits) -> float:
    """Mean F1 over all classes; 0 for an absent one."""
    return float(np.mean(per_class_f1(labels, logits)))


def macro_recall(labels: Labels, logits: Logits) -> float:
    """Mean recall over all classes; 0 for one that does not occur in `labels`."""
    from sklearn.metrics import recall_score

    predicted, classes = _predicted(labels, logits), range(logits.shape[1])
    return float(recall_score(labels, predicted, labels=classes, average="macro", zero_division=0))


def macro_precision(labels: Labels, logits: Logits) -> float:
    """Mean precision over all classes; 0 for one that is never predicted."""
    from sklearn.metrics import precision_score

    predicted, classes = _predicted(labels, logits), range(logits.shape[1])
    return float(precision_score(labels, predicted, labels=classes, average="macro", zero_division=0))


def per_class_f1(labels: Labels, logits: Logits) -> list[float]:
    """F1 of each class, in the order of the classes; 0 for an absent one."""
    from sklearn.metrics import f1_score

    predicted, classes = _predicted(labels, logits), range(logits.shape[1])
    scores = f1_score(labels, predicted, labels=classes, average=None, zero_division=0)
    return [float(score) for score in scores]


def confusion_matrix(labels: Labels, logits: Logits) -> list[list[int]]:
    """Count items: one row per true class, one column per predicted class, over all classes."""
    from sklearn import metrics

    counts = metrics.confusion_matrix(labels, _predicted(labels, logits), labels=range(logits.shape[1]))
    return [[int(count) for count in row] for row in counts]


def auroc(labels: Labels, logits: Logits) -> float:
    """Area under the ROC curve of the softmax probabilities.

    With two classes, of class 1; with more, the mean over classes of each against the rest. A class that does not occur
    in `labels` has no ROC curve and is left out; where only one class occurs, the result is not a number.
    """
    from sklearn.metrics import roc_auc_score

    _check(labels, logits)
    probabilities = softmax(logits)
    present = np.unique(labels)
    if len(present) < 2:
        return float("nan")
    if logits.shape[1] == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(np.mean([roc_auc_score(labels == which, probabilities[:, which]) for which in present]))


def nll(labels: Labels, logits: Logits) -> float:
    """Mean negative log-likelihood of the labels, in nats. Not clipped: a confident error costs what it costs."""
    _check(labels, logits)
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def ece(labels: Labels, logits: Logits) -> float:
    """Measure the expected calibration error: the mean over items of |accuracy − mean top probability| of their bin.

    The 15 bins are equally wide, open below and closed above.
    Guo et al., ICML 2017, https://arxiv.org/abs/1706.04599
    """
    correct = _predicted(labels, logits) == labels
    confidence = softmax(logits).max(axis=1)
    edges = np.linspace(0.0, 1.0, ECE_BINS + 1)
    # Rounding may take a probability of 1 a hair above the last edge.
    bins = np.minimum(np.searchsorted(edges, confidence, side="left") - 1, ECE_BINS - 1)
    # |Σ correct − Σ confidence| of a bin is its size times the gap between its means.
    excess = np.bincount(bins, weights=correct - confidence, minlength=ECE_BINS)
    return float(np.abs(excess).sum() / len(labels))


def clustering_accuracy(labels: Labels, logits: Logits) -> float:
    """Accuracy under the one-to-one matching of clusters to classes that makes it largest (Hungarian algorithm).

    Xie, Girshick and Farhadi, ICML 2016, https://arxiv.org/abs/1511.06335. A label may lie outside the columns of
    `logits`, for clusters may be fewer than classes; the classes left over are then counted as errors.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics.cluster import contingency_matrix

    counts = contingency_matrix(labels, _clusters(labels, logits))
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels))


def nmi(labels: Labels, logits: Logits) -> float:
    """Normalised mutual information of clusters and classes (arithmetic mean of the entropies), within 0 and 1."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(labels, _clusters(labels, logits)))


def ari(labels: Labels, logits: Logits) -> float:
    """Rand index of clusters and classes, adjusted so that chance scores 0 and equality 1."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(labels, _clusters(labels, logits)))


def _predicted(labels: Labels, logits: Logits) -> Labels:
    _check(labels, logits)
    return _top(logits)


def _clusters(labels: Labels, logits: Logits) -> Labels:
    _check_logits(labels, logits)
    return _top(logits)


def _top(logits: Logits) -> Labels:
    top: Labels = logits.argmax(axis=1)
    return top


def _check(labels: Labels, logits: Logits) -> None:
    _check_logits(labels, logits)
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels from {labels.min()} to {labels.max()} do not fit {logits.shape[1]} classes")


def _check_logits(labels: Labels, logits: Logits) -> None:
    if not len(labels) or logits.ndim != 2 or labels.shape != (len(logits),):
        raise ValueError(f"labels {labels.shape} and logits {logits.shape} are not (n,) and (n, classes) with n > 0")
    broken = int((~np.isfinite(logits)).any(axis=1).sum())
    if broken:
        raise ValueError(f"the logits of {broken} of {len(logits)} items are not finite")
