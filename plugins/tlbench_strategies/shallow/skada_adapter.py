"""Adapters of skada (https://scikit-adaptation.github.io) as alignments: the one place where it is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlbench_strategies.shallow.alignment import Alignment, Features, Labels

#: What skada calls the domains: sources are positive, targets negative. A target label that is not known is −1.
SOURCE, TARGET, UNKNOWN = 1, -2, -1


def both_domains(source: Features, labels: Labels, target: Features) -> tuple[Features, Labels, Labels]:
    """Features, labels and domains (n + m, …) as skada takes them; of the target no label is known."""
    return (
        np.concatenate([source, target]).astype(np.float64),
        np.concatenate([labels, np.full(len(target), UNKNOWN)]),
        np.repeat([SOURCE, TARGET], [len(source), len(target)]),
    )


def aligned(adapter: Any, source: Features, labels: Labels, target: Features) -> Alignment:
    """The alignment of an adapter that maps features, also new ones."""
    features, known, domains = both_domains(source, labels, target)
    adapter.fit(features, known, sample_domain=domains)

    def mapped(features: Features, domain: int) -> Features:
        found: Features = adapter.transform(
            features.astype(np.float64), sample_domain=np.full(len(features), domain), allow_source=True
        )
        return found

    return Alignment(lambda rows: mapped(rows, SOURCE), lambda rows: mapped(rows, TARGET))


def source_mapped(adapter: Any, source: Features, labels: Labels, target: Features) -> Alignment:
    """The same for one that leaves target features as they are."""
    return Alignment(aligned(adapter, source, labels, target).source)


def weighted(adapter: Any, source: Features, labels: Labels, target: Features) -> Alignment:
    """The weights of an adapter that weighs source examples."""
    features, known, domains = both_domains(source, labels, target)
    _, found = adapter.fit_transform(features, known, sample_domain=domains)
    return Alignment(weights=found["sample_weight"][domains == SOURCE])
