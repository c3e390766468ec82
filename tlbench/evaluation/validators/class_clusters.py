"""ClassAMI: whether the clusters of target features are the classes that the model predicts."""

from __future__ import annotations

import warnings

import numpy as np

from tlbench.evaluation.validators.predictions import Array

#: k-means starts so often, each time from other centres; the same of every checkpoint.
STARTS, SEED = 3, 0


def class_clusters(features: Array, logits: Array) -> float:
    """Adjusted mutual information of predicted classes and of as many k-means clusters of the features.

    `features` (n, d) and `logits` (n, classes) are of target inputs. About 0 where they have nothing to do with each
    other, also where the model predicts one class alone; 1 where they are the same; larger is better.
    ClassAMI in Musgrave, Belongie and Lim 2022, https://arxiv.org/abs/2208.07360; the measure is of Vinh, Epps and
    Bailey, JMLR 2010, https://jmlr.org/papers/v11/vinh10a.html
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_mutual_info_score

    predicted = logits.argmax(axis=1)
    if len(np.unique(predicted)) < 2:
        return 0.0  # scikit-learn calls one class and one cluster a perfect match
    count = min(logits.shape[1], len(features))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than clusters
        clusters = KMeans(count, n_init=STARTS, random_state=SEED).fit_predict(features.astype(np.float64))
    return float(adjusted_mutual_info_score(predicted, clusters))
