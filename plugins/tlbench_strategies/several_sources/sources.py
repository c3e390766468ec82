"""What strategies of several sources have in common: the parts of a batch by source, and means over sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from tlbench import GradientStrategy


class Part(NamedTuple):
    """Features (n, d) and labels int64 (n,) of the source of this number."""

    source: int
    features: Tensor
    labels: Tensor


def parts_of(features: Tensor, labels: Tensor, domains: Tensor) -> list[Part]:
    """A batch of several sources in parts; a source that a small batch does not hold is left out."""
    present = sorted({int(number) for number in domains.tolist()})
    return [Part(number, features[domains == number], labels[domains == number]) for number in present]


def mean_of(terms: Iterable[Tensor]) -> Tensor:
    """The mean of scalars."""
    return torch.stack(list(terms)).mean()


def pairs_of(features: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """All pairs of different ones."""
    return combinations(features, 2)


def mean_prediction(heads: Iterable[Callable[[Tensor], Tensor]], features: Tensor) -> Tensor:
    """Logits (n, classes) whose softmax is the mean of those of several heads on features (n, d)."""
    logs = torch.stack([head(features).log_softmax(1) for head in heads])
    return logs.logsumexp(0) - torch.log(torch.tensor(float(len(logs)), device=logs.device))


class SeveralSources(GradientStrategy):
    """Source labels of several sources, and target inputs without labels."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train, of each source"}
    same_label_space = True
    several_sources = True
