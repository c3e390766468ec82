"""A backbone with its classifiers and whatever a strategy adds."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tlbench.core.backbone import Backbone


class TransferModel(nn.Module):
    """`model(inputs)` gives target logits (n, classes); `model.features(inputs)` gives (n, feature_dim).

    `head` classifies into the target's classes. Where source and target share their classes, `source_head` is the
    same module; where they do not, it is a module of its own, or None for a model that never saw a source. A strategy
    that builds a head for each of several sources calls them `source_heads`, in the order of the task's sources.
    """

    def __init__(self, backbone: Backbone, head: nn.Module, source_head: nn.Module | None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.source_head = source_head
        self._reference: list[TransferModel] = []  # in a list, so that it is no part of this module

    def keep_reference(self) -> None:
        """Keep a frozen copy of the weights as they are now, as `reference`."""
        reference = copy.deepcopy(self)
        reference.eval().requires_grad_(False)
        self._reference = [reference]

    @property
    def reference(self) -> TransferModel:
        """The model as training found it: in evaluation mode, frozen, in no checkpoint, size or group of parameters.

        Raises `ValueError` for a strategy that does not say `keeps_reference = True`.
        """
        if not self._reference:
            raise ValueError("this strategy asked for the reference model, but does not say `keeps_reference = True`")
        return self._reference[0]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The modules that a strategy's `build` has added, by name."""

    @property
    def feature_dim(self) -> int:
        """The dimension of a feature vector."""
        return self.backbone.feature_dim

    def features_of(self, *batches: Tensor, together: bool | None = None) -> list[Tensor]:
        """Features (n, feature_dim) of each of several batches of raw inputs (n, …).

        `together`: whether all pass the backbone as one batch, so that batch norm sees them all. By default they do
        where it makes a difference or is faster: with batch norm in training, and on a GPU. One by one, what a batch
        gives is bit for bit what it gives alone.
        """
        if together is None:
            together = batches[0].is_cuda or any(isinstance(m, _BatchNorm) and m.training for m in self.modules())
        if not together:
            return [self.features(batch) for batch in batches]
        return list(torch.split_with_sizes(self.features(torch.cat(batches)), [len(batch) for batch in batches]))

    def features(self, inputs: Tensor) -> Tensor:
        """Raw inputs (n, …) to features (n, feature_dim)."""
        features: Tensor = self.backbone(inputs)
        return features

    def head_of_source(self, index: int) -> nn.Module | None:
        """The classifier for one of several sources."""
        heads = self._modules.get("source_heads")
        return self.source_head if heads is None else heads[index]  # type: ignore[index]

    def forward(self, inputs: Tensor) -> Tensor:
        """Raw inputs (n, …) to logits over the target's classes (n, classes)."""
        logits: Tensor = self.head(self.features(inputs))
        return logits
