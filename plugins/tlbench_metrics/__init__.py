"""The built-in metrics. This file only names them: a metric is imported when it is used."""

from __future__ import annotations

from typing import Any

import tlbench

# Functions of `classification.py`, each under its own name. Those that say "list" return one and cannot rank.
_SUMMARIES = {
    "accuracy": "share of items whose top class is the label",
    "balanced_accuracy": "mean recall over the classes that occur in the labels",
    "macro_f1": "mean F1 over all classes",
    "macro_recall": "mean recall over all classes",
    "macro_precision": "mean precision over all classes",
    "auroc": "area under the ROC curve; from three classes on the mean of one against the rest",
    "nll": "mean negative log-likelihood in nats; smaller is better",
    "ece": "expected calibration error, 15 equal-width bins on the top probability; smaller is better",
    "per_class_f1": "list: F1 of each class",
    "confusion_matrix": "list of lists: counts, one row per true class, one column per predicted class",
    "clustering_accuracy": "unsupervised: accuracy under the best one-to-one matching of clusters to classes",
    "nmi": "unsupervised: normalised mutual information of clusters and classes",
    "ari": "unsupervised: adjusted Rand index of clusters and classes",
}


@tlbench.hookimpl
def tlbench_register_metrics(register: Any) -> None:
    """Register the built-in metrics."""
    for name, summary in _SUMMARIES.items():
        register(name, f"tlbench_metrics.classification:{name}", summary=summary)
