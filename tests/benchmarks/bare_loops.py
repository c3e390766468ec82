"""Training loops as one would write them by hand for one experiment: DANN on resident data, a fused optimiser.

They do what our loop does in a step: batches drawn at random, both losses, a cosine schedule, dropout seeded.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.sparse
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, weight):
        ctx.weight = weight
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.weight * gradient, None


Draw = Callable[[np.ndarray], object]


def train(
    features: Callable[[object], Tensor],
    head: nn.Module,
    domain_head: nn.Module,
    optimizer: torch.optim.Optimizer,
    draws: tuple[Draw, Draw],
    labels: Tensor,
    steps: int,
    batch: int,
) -> None:
    """So many steps of DANN; `draws` give the source's and the target's inputs at some places."""
    rng = np.random.default_rng(0)
    rate = optimizer.param_groups[0]["lr"]
    domain = torch.cat([torch.zeros(batch), torch.ones(batch)]).unsqueeze(1)
    for step in range(steps):
        weight = 2 / (1 + math.exp(-10 * step / steps)) - 1
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
        at_source, at_target = rng.integers(len(labels), size=(2, batch))
        of_source, of_target = features(draws[0](at_source)), features(draws[1](at_target))
        told = domain_head(Reverse.apply(torch.cat([of_source, of_target]), weight))
        loss = F.cross_entropy(head(of_source), labels[torch.from_numpy(at_source)])
        loss = loss + F.binary_cross_entropy_with_logits(told, domain)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def dense(inputs: Tensor) -> Draw:
    """Rows of a resident array."""
    return lambda places: inputs[torch.from_numpy(places)]


def sparse(inputs: scipy.sparse.csr_array) -> Draw:
    """Rows of a sparse matrix."""
    return lambda places: inputs[places]


class SparseLinear(nn.Module):
    """A dense layer on sparse rows, its weight stored as the product reads it."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.Linear(features, units).weight.detach().t().contiguous())
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, rows: scipy.sparse.csr_array) -> Tensor:
        return Product.apply(self.weight, rows) + self.bias


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, rows):
        ctx.rows = rows
        return torch.from_numpy(rows @ weight.numpy())

    @staticmethod
    def backward(ctx, gradient):
        return torch.from_numpy(ctx.rows.T @ gradient.numpy()), None
