"""Losses that strategies share."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Mean cross entropy in nats: logits (n, classes), labels int64 (n,)."""
    return functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def domain_cross_entropy(source_logits: Tensor, target_logits: Tensor) -> Tensor:
    """Binary cross entropy of a domain head, mean over domains: source is 0, target is 1; logits (n,) or (n, 1)."""
    source = functional.softplus(source_logits).mean()  # −log σ(−z)
    target = functional.softplus(-target_logits).mean()  # −log σ(z)
    return 0.5 * (source + target)


def domain_accuracy(source_logits: Tensor, target_logits: Tensor) -> Tensor:
    """Share of examples whose domain the head gets right, mean over domains, detached: a monitor in [0, 1]."""
    source = (source_logits.detach() < 0).float().mean()
    target = (target_logits.detach() >= 0).float().mean()
    return 0.5 * (source + target)


def covariance_distance(source: Tensor, target: Tensor) -> Tensor:
    """‖C_S − C_T‖²_F / (4 d²) of the covariances of source (n, d) and target (m, d): Deep CORAL, eq. 1 to 3.

    Paper: Sun and Saenko 2016, https://arxiv.org/abs/1607.01719. One example alone has no covariance, and 0 stands for
    it.
    """
    difference = _covariance(source) - _covariance(target)
    return difference.square().sum() / (4 * source.shape[1] ** 2)


def _covariance(features: Tensor) -> Tensor:
    centred = features - features.mean(dim=0)
    return centred.T @ centred / max(len(features) - 1, 1)
