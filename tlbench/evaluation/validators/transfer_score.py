"""Transfer Score: classifier weights that are spread evenly, features that cluster, predictions that are certain."""

from __future__ import annotations

import numpy as np

from tlbench.evaluation.validators.predictions import Array, mutual_information

#: Share of the items from which Hopkins' statistic measures, as published, and the seed of the draw: one for all.
HOPKINS_SHARE, SEED = 0.05, 0


def transfer_score(weights: Array, features: Array, logits: Array) -> float:
    """−U + H + I / ln classes; larger is better. It has no fixed lower end; its upper one is 2.

    U: `weight_uniformity` of the classifier, `weights` (classes, d). H: `hopkins_statistic` of the target features
    (n, d). I: `mutual_information` of the predictions, `logits` (n, classes).
    Yang, Qian, Xu, Wang and Xie, ICLR 2024, https://arxiv.org/abs/2305.18712
    """
    spread = weight_uniformity(weights)
    return hopkins_statistic(features) + mutual_information(logits) / float(np.log(logits.shape[1])) - spread


def weight_uniformity(weights: Array) -> float:
    """Mean squared difference, rad², of the angles between classes' weights and that of a regular simplex.

    `weights` have shape (classes, d). 0 where all angles are arccos(−1 / (classes − 1)), which is as far apart as they
    can be. A class without weights is at a right angle to all others.
    """
    norms = np.linalg.norm(weights.astype(np.float64), axis=1, keepdims=True)
    directions = weights / np.where(norms > 0, norms, 1.0)
    classes = len(weights)
    cosines = np.clip(directions @ directions.T, -1.0, 1.0)[~np.eye(classes, dtype=bool)]
    return float(((np.arccos(cosines) - np.arccos(-1 / (classes - 1))) ** 2).mean())


def hopkins_statistic(features: Array) -> float:
    """Σu / (Σu + Σw): distances u of random points, and w of random items, to the nearest (other) item.

    Random points are uniform in the box of the features, of shape (n, d); as many of both as are 5 % of the items.
    About 1/2 where items are spread like the points, near 1 where they are in clusters; 0 where all are the same.
    Hopkins and Skellam, Annals of Botany 1954, https://doi.org/10.1093/oxfordjournals.aob.a083391
    """
    from sklearn.neighbors import NearestNeighbors

    items = features.astype(np.float64)
    if len(items) < 2:
        return 0.0
    rng = np.random.default_rng(SEED)
    count = max(1, int(HOPKINS_SHARE * len(items)))
    # Drawn before they are scaled, so that every checkpoint is measured from the same places of its box.
    places = rng.random((count, items.shape[1]))
    chosen = rng.choice(len(items), count, replace=False)
    low, high = items.min(axis=0), items.max(axis=0)
    nearest = NearestNeighbors(n_neighbors=2).fit(items)
    from_points = float(nearest.kneighbors(low + places * (high - low))[0][:, 0].sum())
    from_items = float(nearest.kneighbors(items[chosen])[0][:, 1].sum())
    return from_points / (from_points + from_items) if from_points + from_items else 0.0
