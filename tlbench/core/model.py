"""A backbone with its classifiers and whatever a strategy adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

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

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The modules that a strategy's `build` has added, by name."""

    @property
    def feature_dim(self) -> int:
        """The dimension of a feature vector."""
        return self.backbone.feature_dim

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
