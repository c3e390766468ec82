"""What a step of training updates, and how fast: substeps, groups of parameters, and hooks around the step.

No torch is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tlbench.core.model import TransferModel
    from tlbench.training.batches import Batch

#: A loss: model, batch and progress (0 to 1 over the phase) to a scalar, or to named terms whose sum is minimised.
Loss: TypeAlias = "Callable[[TransferModel, Batch, float], Tensor | Mapping[str, Tensor]]"


@dataclass(frozen=True)
class Substep:
    """One of several updates that make a step: `loss` is minimised over the parameters of the modules `of` alone.

    All other parameters keep their values, whatever gradient they would have. `times`: updates in a row, each with a
    gradient of its own on the same batch. Every one counts as an update in the record; the budget counts steps. One of
    the backbone alone is left out where the backbone has no parameters.
    """

    name: str
    loss: Loss
    of: Sequence[nn.Module]
    times: int = 1


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that learn at `lr` times the suite's rate, with a weight decay of their own where one is given."""

    parameters: Iterable[nn.Parameter]
    lr: float = 1.0
    weight_decay: float | None = None


#: Groups, or pairs of parameters and their factor on the learning rate.
Groups: TypeAlias = "Iterable[ParameterGroup | tuple[Iterable[nn.Parameter], float]]"


def as_groups(groups: Groups) -> list[ParameterGroup]:
    """Groups in one form."""
    return [group if isinstance(group, ParameterGroup) else ParameterGroup(*group) for group in groups]


def _nothing(model: TransferModel, batch: Batch, progress: float) -> None:
    return


@dataclass(frozen=True)
class Hooks:
    """What a strategy does around the updates of a phase.

    `after_step` is called after each step's updates with the same batch, without gradients. `refresh` is called
    `refreshes` times, evenly spaced from before the first step on, with the model in evaluation mode and without
    gradients. `kept` says which weights a checkpoint keeps; None keeps all of the model's.
    """

    after_step: Callable[[TransferModel, Batch, float], None] = _nothing
    refresh: Callable[[TransferModel], None] | None = None
    refreshes: int = 0
    kept: Callable[[TransferModel], Mapping[str, Tensor]] | None = None


#: Nothing around the updates.
NO_HOOKS = Hooks()
