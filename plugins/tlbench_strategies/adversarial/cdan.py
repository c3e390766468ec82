"""Conditional domain-adversarial networks, CDAN and CDAN+E (Long, Cao, Wang and Jordan, NeurIPS 2018).

Paper: https://arxiv.org/abs/1705.10667

DANN whose domain head sees features f together with predictions p: all their products, or, where there are more than
`most_products`, as many random ones with fixed Gaussian matrices R,

    f ⊗ p,  or  (R_f f ⊙ R_p p) / √random_dim

The predictions are detached: the domain loss does not reach the classifier. CDAN+E (`entropy`) gives each example the
weight 1 + e^(−H(p)), normalised over each domain, so that sure ones count more. As in the authors' code
(https://github.com/thuml/CDAN) the gradient of H is kept and reversed with λ; libraries that detach it, and normalise
over both domains, differ from them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from tlbench import TransferModel, TransferTask, layers
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.shared.adaptation import Outputs
from tlbench_strategies.shared.domain_heads import Hidden, layers_to, widths_of
from tlbench_strategies.shared.entropy import entropy


class Products(nn.Module):
    """Features (n, d) and predictions (n, classes) to all their products (n, classes · d)."""

    def forward(self, features: Tensor, predictions: Tensor) -> Tensor:
        """Block c holds the features times the probability of class c."""
        return (predictions.unsqueeze(2) * features.unsqueeze(1)).flatten(1)


class RandomProducts(nn.Module):
    """Random products (n, dim), whose inner products estimate those of all products. Drawn once, and kept."""

    of_features: Tensor
    of_predictions: Tensor

    def __init__(self, features: int, classes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("of_features", torch.randn(features, dim))
        self.register_buffer("of_predictions", torch.randn(classes, dim))

    def forward(self, features: Tensor, predictions: Tensor) -> Tensor:
        """The product of two random projections."""
        dim = self.of_features.shape[1]
        return (features @ self.of_features) * (predictions @ self.of_predictions) / math.sqrt(dim)


class ConditionalDomainAdversarial(DomainAdversarial):
    """Source labels and, through reversed gradients, features that hide their domain given the predicted class."""

    paper = "https://arxiv.org/abs/1705.10667"

    class Params(DomainAdversarial.Params):
        """`entropy`: CDAN+E. `most_products`, `random_dim`: see above. Others as DANN's, with a wider domain head."""

        entropy: bool = False
        hidden: Hidden = (1024, 1024)
        most_products: Annotated[int, Field(ge=0)] = 4096
        random_dim: Annotated[int, Field(ge=1)] = 1024

    def build(self, task: TransferTask, features: int) -> Mapping[str, nn.Module]:
        """The map of features and predictions, and the domain head on what it gives."""
        classes = len(task.class_names)
        few = features * classes <= self.params.most_products
        products = Products() if few else RandomProducts(features, classes, self.params.random_dim)
        inputs = features * classes if few else self.params.random_dim
        head = layers_to(1, inputs, widths_of(self.params.hidden), self.params.head_norm)
        return {"products": products, "domain_head": head}

    def seen_by_domain_head(self, model: TransferModel, outputs: Outputs) -> Tensor:
        """Features and, as constants, predictions."""
        seen: Tensor = model.products(outputs.features, outputs.probabilities.detach())
        return seen

    def domain_loss(
        self, source: Outputs, target: Outputs, of_source: Tensor, of_target: Tensor, weight: float
    ) -> Tensor:
        """L_d, of CDAN+E with a weight for each example."""
        if not self.params.entropy:
            return super().domain_loss(source, target, of_source, of_target, weight)
        on_source = shares_of(source.logits, weight) * functional.softplus(of_source).flatten()
        on_target = shares_of(target.logits, weight) * functional.softplus(-of_target).flatten()
        return 0.5 * (on_source.sum() + on_target.sum())


class EntropyConditioned(ConditionalDomainAdversarial):
    """CDAN+E: CDAN in which examples with sure predictions count more."""

    class Params(ConditionalDomainAdversarial.Params):
        """As CDAN's, with `entropy`."""

        entropy: bool = True


def shares_of(logits: Tensor, weight: float) -> Tensor:
    """1 + e^(−H) of each prediction (n, classes), normalised to the sum 1, (n,).

    The sum is a constant; the entropy's gradient is kept, and reversed with λ = `weight`.
    """
    weights = 1 + (-layers.reverse_gradient(entropy(logits), weight)).exp()
    return weights / weights.detach().sum()
