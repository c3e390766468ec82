"""A map of features in the plane: source and target, before and after a strategy.

Neighbours on the map are neighbours among the features; distances between groups and sizes of groups say nothing. Each
panel is a map of its own, of source and target together, by t-SNE (van der Maaten and Hinton, JMLR 9, 2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.records.result_folder import FEATURES_OF

#: So many items of each domain are shown: more would cover each other in one column.
ITEMS = 500
PERPLEXITY = 30.0
#: Features are brought to so many principal components first, as usual, which takes noise away and time off.
COMPONENTS = 50


@dataclass(frozen=True)
class Domain:
    """Features (n, d) and labels (n,) of some items."""

    features: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]

    def some(self, number: int) -> Domain:
        """So many of them, the same whenever it is asked."""
        chosen = np.random.default_rng(0).permutation(len(self.labels))[:number]
        return Domain(self.features[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Panel:
    """What one variant makes of source and target."""

    title: str
    source: Domain
    target: Domain


def embedding(panels: Sequence[Panel], class_names: Sequence[str]) -> dict[str, Any]:
    """For each panel its points: `[x, y, class, 0 for source and 1 for target]`, and the domains' distance.

    `distance` is the proxy A-distance 2(1 − 2ε) (Ben-David et al., NIPS 2006): ε is the error, by five folds, of a
    linear classifier that tells source from target by these features; 0 is alike, 2 is told apart without error.
    Raises `TlbenchError` where a panel has too few items for a map.
    """
    return {
        "classes": list(class_names),
        "perplexity": PERPLEXITY,
        "panels": [
            {"title": panel.title, "points": _points(panel), "distance": round(_distance(panel), 2)} for panel in panels
        ],
    }


def _points(panel: Panel) -> list[list[float]]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    source, target = panel.source.some(ITEMS), panel.target.some(ITEMS)
    features = np.concatenate([source.features, target.features]).astype(np.float64)
    least = int(3 * PERPLEXITY)
    if len(features) < least:
        raise TlbenchError(f"a map needs {least} items of both domains together, and {len(features)} are there")
    if not np.isfinite(features).all():
        raise TlbenchError(f"features of {panel.title} are not finite, so there is no map of them")
    components = min(COMPONENTS, *features.shape)
    reduced = PCA(components, random_state=0).fit_transform(features)
    places = TSNE(perplexity=PERPLEXITY, init="pca", random_state=0).fit_transform(reduced)
    domains = [0] * len(source.labels) + [1] * len(target.labels)
    classes = np.concatenate([source.labels, target.labels])
    return [
        [round(float(x), 2), round(float(y), 2), int(label), domain]
        for (x, y), label, domain in zip(places, classes, domains, strict=True)
    ]


def _distance(panel: Panel) -> float:
    """The proxy A-distance of all items that were handed back, as many of one domain as of the other."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    number = min(len(panel.source.labels), len(panel.target.labels))
    features = np.concatenate([panel.source.some(number).features, panel.target.some(number).features])
    domains = np.repeat([0, 1], number)
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    right = cross_val_score(judge, features.astype(np.float64), domains, cv=5).mean()
    return float(max(0.0, 2 * (2 * right - 1)))


def panel_of(title: str, arrays: Mapping[str, NDArray[Any]]) -> Panel:
    """The panel of a run, from the arrays stored beside its record.

    Raises `TlbenchError` where it handed back no features of one of the domains.
    """
    try:
        source, target = (Domain(arrays[f"{role}/features"], arrays[f"{role}/labels"]) for role in FEATURES_OF)
    except KeyError:
        raise TlbenchError(f"{title} hands back no features of source and target, so there is no map of them") from None
    return Panel(title, source, target)
