"""Courses of a quantity over progress, which runs from 0 to 1."""

from __future__ import annotations

import math


def adversarial_weight(progress: float, slope: float = 10.0) -> float:
    """λ(p) = 2/(1 + e^(−slope·p)) − 1, from 0; with a slope of 10 to almost 1 (Ganin et al. 2016, section 5.2.2)."""
    return 2.0 / (1.0 + math.exp(-slope * progress)) - 1.0


def learning_rate_factor(schedule: str, progress: float, decay: float = 10.0) -> float:
    """The factor on the learning rate: `constant`, `cosine` to zero, or `inverse`, (1 + decay·p)^−0.75.

    Ganin et al. (2016, section 5.2.2) have a decay of 10.
    """
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * progress))
    if schedule == "inverse":
        return float((1.0 + decay * progress) ** -0.75)
    return 1.0
