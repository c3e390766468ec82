"""Marginalised stacked denoising autoencoders (Chen, Xu, Weinberger, Sha, ICML 2012), in closed form.

https://icml.cc/2012/papers/416.pdf

A layer is the linear map that reconstructs inputs best, in mean squared error, from copies of which each feature is
set to 0 with the probability `corruption`; the mean is taken over all corruptions, not over drawn ones. With
S = Σ x̄ x̄ᵀ over examples x̄ that carry a 1 which is never corrupted, and q the probabilities that features survive
(q = 1 for the 1):

    Q_ij = S_ij q_i q_j,   Q_ii = S_ii q_i,   P_ij = S_ij q_j,   W = P (Q + ridge)⁻¹,   h = tanh(W x̄)

Each layer is learnt on what the one before it gives, and the features are the inputs and all layers, side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Added to the diagonal of Q but for the bias, as in the authors' code: words that nobody wrote leave it singular.
RIDGE = 1e-5


def learnt_layers(inputs: Any, layers: int, corruption: float) -> Iterator[NDArray[np.float32]]:
    """Weights (d, d + 1) of one layer after the other, the bias last, from a sparse matrix (n, d) without labels."""
    hidden: NDArray[np.float32] | None = None
    for _ in range(layers):
        scatter = _sparse_scatter(inputs) if hidden is None else _scatter(hidden)
        weights = denoising_map(scatter, corruption).astype(np.float32)
        yield weights
        hidden = hidden_of(inputs if hidden is None else hidden, weights)


def denoising_map(scatter: NDArray[np.float64], corruption: float) -> NDArray[np.float64]:
    """W (d, d + 1) from S (d + 1, d + 1), whose last row and column are the bias's."""
    from scipy.linalg import solve

    kept = np.full(len(scatter), 1.0 - corruption)
    kept[-1] = 1.0
    blurred = scatter * kept[:, None]  # rows of Pᵀ, the bias among its columns
    system = blurred * kept
    ridge = np.full(len(scatter), RIDGE)
    ridge[-1] = 0.0
    np.fill_diagonal(system, scatter.diagonal() * kept + ridge)
    solved: NDArray[np.float64] = solve(system, blurred[:, :-1], assume_a="pos", overwrite_a=True, overwrite_b=True)
    return solved.T


def hidden_of(inputs: Any, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a layer gives (n, d) for inputs (n, d), an array or a sparse matrix."""
    hidden: NDArray[np.float32] = np.asarray(inputs @ weights[:, :-1].T, np.float32)
    hidden += weights[:, -1]
    return np.tanh(hidden, out=hidden)


def stacked(inputs: Any, weights: Sequence[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """What each layer gives (n, d), one after the other."""
    hidden = inputs
    for layer in weights:
        hidden = hidden_of(hidden, layer)
        yield hidden


def _scatter(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    with_bias = np.ones((len(inputs), inputs.shape[1] + 1))
    with_bias[:, :-1] = inputs
    return with_bias.T @ with_bias


def _sparse_scatter(inputs: Any) -> NDArray[np.float64]:
    """The same of a sparse matrix, without ever making it dense."""
    exact = inputs.astype(np.float64)
    features = exact.shape[1]
    scatter = np.empty((features + 1, features + 1))
    scatter[:-1, :-1] = (exact.T @ exact).toarray()
    scatter[-1, :-1] = scatter[:-1, -1] = exact.sum(axis=0)
    scatter[-1, -1] = exact.shape[0]
    return scatter
