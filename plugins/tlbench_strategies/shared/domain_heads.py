"""Heads that tell source from target, and heads of their own for classes: layers with ReLU, then a linear one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import torch
from pydantic import Discriminator, Field, Tag
from torch import Tensor, nn


def _one_or_list(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<one>"


_Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
#: Widths of hidden layers: a number or a list; 0 is none. Tags keep the faults of a list apart from those of a number.
Hidden = Annotated[
    Annotated[int, Field(ge=0), Tag("<one>")] | Annotated[_Widths, Tag("<list>")], Discriminator(_one_or_list)
]


def widths_of(hidden: int | tuple[int, ...]) -> tuple[int, ...]:
    """The widths of hidden layers that a parameter names."""
    return hidden if isinstance(hidden, tuple) else (hidden,) if hidden else ()


def layers_to(outputs: int, features: int, widths: Sequence[int], norm: bool = False) -> nn.Module:
    """Features (n, features) to (n, outputs), through hidden layers with ReLU, and with `norm` batch norm before it."""
    parts: list[nn.Module] = []
    for width in widths:
        parts += [nn.Linear(features, width), *([nn.BatchNorm1d(width)] if norm else []), nn.ReLU()]
        features = width
    last = nn.Linear(features, outputs)
    return nn.Sequential(*parts, last) if parts else last


def domains(head: Callable[[Tensor], Tensor], source: Tensor, target: Tensor, together: bool) -> tuple[Tensor, Tensor]:
    """Logits of a domain head for both domains; `together` for one with batch norm.

    One that normalises each domain by itself no longer sees in what their means differ.
    """
    if not together:
        return head(source), head(target)
    logits = head(torch.cat([source, target]))
    return logits[: len(source)], logits[len(source) :]
