"""Classifiers on features (n, d) that are written down as tensors and a few words, and made again from both.

A run that keeps its model (`tlbench run --keep-model`) stores what a classifier of scikit-learn has learnt as one of
these, so that no pickle and no code of its own is needed to predict with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlbench.errors import TlbenchError, unknown

#: The least probability that has a logit of its own.
LEAST = 1e-12
#: Features as they are; (x − shift)/divide; each row to Euclidean norm 1.
ScalingKind = Literal["none", "standardise", "l2"]


class Scaling(nn.Module):
    """Features (n, d) as `kind` says; `shift` and `divide` (d,) are of `standardise`, `least_norm` is of `l2`."""

    shift: Tensor | None
    divide: Tensor | None

    def __init__(
        self, kind: ScalingKind, shift: Tensor | None = None, divide: Tensor | None = None, least_norm: float = 1e-6
    ) -> None:
        super().__init__()
        self.kind, self.least_norm = kind, least_norm
        self.register_buffer("shift", shift)
        self.register_buffer("divide", divide)

    def forward(self, features: Tensor) -> Tensor:
        """Scaled features (n, d)."""
        if self.shift is not None and self.divide is not None:
            return (features - self.shift) / self.divide
        if self.kind == "l2":
            return functional.normalize(features, dim=1, eps=self.least_norm)
        return features


class SavedHead(nn.Module):
    """Features (n, d) to logits (n, classes). `description` and the state dict make it again."""

    kind: ClassVar[str]

    def __init__(self, scaling: Scaling | None = None) -> None:
        super().__init__()
        self.scaling = scaling or Scaling("none")

    @property
    def description(self) -> dict[str, Any]:
        """Plain data beside the tensors."""
        return {"kind": self.kind, "scaling": self.scaling.kind, "least_norm": self.scaling.least_norm, **self.own()}

    def own(self) -> dict[str, Any]:
        """What of the description is of this kind alone."""
        return {}

    @classmethod
    def again(cls, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        """From the description and the tensors of the state dict."""
        shift, divide = tensors.get("scaling.shift"), tensors.get("scaling.divide")
        made = cls._made(description, tensors)
        made.scaling = Scaling(description["scaling"], shift, divide, description["least_norm"])
        return made

    @classmethod
    def _made(cls, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        raise NotImplementedError


class LinearHead(SavedHead):
    """W z + b of scaled features z for the classes that were seen, W (seen, d); as log-probabilities where it has some.

    `classes` (seen,) are their numbers. A class that was not seen gets a logit below which none of the others lies.
    """

    kind = "linear"
    weight: Tensor
    bias: Tensor
    place: Tensor

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        classes: list[int],
        total: int,
        *,
        probabilities: bool,
        scaling: Scaling | None = None,
    ) -> None:
        super().__init__(scaling)
        self.classes, self.total, self.probabilities = classes, total, probabilities
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("place", _places(classes, total), persistent=False)

    def own(self) -> dict[str, Any]:
        """See `SavedHead`."""
        return {"classes": self.classes, "total": self.total, "probabilities": self.probabilities}

    @classmethod
    def _made(cls, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        classes, total, given = (description[name] for name in ("classes", "total", "probabilities"))
        return cls(tensors["weight"], tensors["bias"], classes, total, probabilities=given)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, total)."""
        known = functional.linear(self.scaling(features).to(self.weight.dtype), self.weight, self.bias)
        if self.probabilities:
            known = functional.log_softmax(known, dim=1).clamp_min(float(np.log(LEAST)))
        return _spread(known, self.place)


class NeighboursHead(SavedHead):
    """Votes of the k nearest examples (m, d) by Euclidean distance, as log-probabilities. It holds training data."""

    kind = "neighbours"
    examples: Tensor
    votes: Tensor
    place: Tensor

    def __init__(
        self, examples: Tensor, votes: Tensor, k: int, classes: list[int], total: int, scaling: Scaling | None = None
    ) -> None:
        super().__init__(scaling)
        self.k, self.classes, self.total = k, classes, total
        self.register_buffer("examples", examples)
        self.register_buffer("votes", votes)  # (m,), the place of an example's class among `classes`
        self.register_buffer("place", _places(classes, total), persistent=False)

    def own(self) -> dict[str, Any]:
        """See `SavedHead`."""
        return {"k": self.k, "classes": self.classes, "total": self.total}

    @classmethod
    def _made(cls, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        k, classes, total = (description[name] for name in ("k", "classes", "total"))
        return cls(tensors["examples"], tensors["votes"], k, classes, total)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, total)."""
        rows, examples = self.scaling(features).double(), self.examples.double()
        distances = rows.square().sum(1, keepdim=True) + examples.square().sum(1) - 2 * rows @ examples.T
        nearest = distances.topk(self.k, dim=1, largest=False).indices if self.k > 1 else distances.argmin(1)[:, None]
        counts = functional.one_hot(self.votes[nearest], len(self.classes)).sum(1)
        return _spread((counts / self.k).clamp_min(LEAST).log(), self.place)


class CentroidsHead(SavedHead):
    """Minus the squared distance to centroids (k, d) of scaled features; or its log under Student's t (`student`)."""

    kind = "centroids"
    centroids: Tensor

    def __init__(self, centroids: Tensor, *, student: bool = False, scaling: Scaling | None = None) -> None:
        super().__init__(scaling)
        self.student = student
        self.register_buffer("centroids", centroids)

    def own(self) -> dict[str, Any]:
        """See `SavedHead`."""
        return {"student": self.student}

    @classmethod
    def _made(cls, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        return cls(tensors["centroids"], student=description["student"])

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, k)."""
        rows = self.scaling(features)
        norms = rows.square().sum(dim=1, keepdim=True) + self.centroids.square().sum(dim=1)
        distances = (norms - 2 * rows @ self.centroids.T).clamp_min(0)
        return functional.log_softmax(-torch.log1p(distances), dim=1) if self.student else -distances


HEADS: dict[str, type[SavedHead]] = {head.kind: head for head in (LinearHead, NeighboursHead, CentroidsHead)}


def head_again(description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> SavedHead:
    """The head of a description. Raises `TlbenchError` for a kind that a later tlbench has brought."""
    if description["kind"] not in HEADS:
        raise TlbenchError(unknown("kind of classifier", str(description["kind"]), HEADS))
    return HEADS[description["kind"]].again(description, tensors)


def _places(classes: list[int], total: int) -> Tensor:
    """For each of all classes its place among those that were seen; the place after them for the others."""
    places = torch.full((total,), len(classes), dtype=torch.int64)
    places[torch.tensor(classes, dtype=torch.int64)] = torch.arange(len(classes))
    return places


def _spread(known: Tensor, place: Tensor) -> Tensor:
    """Logits of the classes that were seen (n, seen) to those of all (n, total)."""
    least = known.min(dim=1, keepdim=True).values.clamp_max(float(np.log(LEAST)))
    return torch.cat([known, least], dim=1)[:, place]
