"""The training loop: reads from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tlbench.core.model import TransferModel
from tlbench.core.run_spec import Budget, Training
from tlbench.training.batches import Batch, Batches
from tlbench.training.schedules import learning_rate_factor

Loss = Callable[[TransferModel, Batch, float], Tensor | Mapping[str, Tensor]]
Groups = Iterable[tuple[Iterable[nn.Parameter], float]]

#: Steps left out of the throughput: allocation and kernel choice happen in them.
WARM_UP_STEPS = 10
#: How many points of the loss curve are kept.
CURVE_POINTS = 20


class Diverged(ArithmeticError):
    """A loss that is not finite."""


@dataclass
class Phase:
    """What one training phase did."""

    checkpoints: dict[int, dict[str, Tensor]]
    curve: list[dict[str, float]]
    seconds: float
    examples_per_second: float | None


def train(
    model: TransferModel,
    loss: Loss,
    batches: Batches,
    budget: Budget,
    recipe: Training,
    groups: Groups,
    frozen: Sequence[nn.Module],
    on_step: Callable[[int], None],
) -> Phase:
    """Minimise `loss` for `budget.steps` updates and keep the weights at the checkpoints.

    Raises `Diverged` at the next point of the curve after a loss was not finite.
    """
    _freeze(model, frozen)
    optimizer = _optimizer(recipe, _by_part(model, groups, recipe.backbone_lr))
    base_rates = [group["lr"] for group in optimizer.param_groups]
    keep, note = set(budget.checkpoint_steps()), _curve_steps(budget.steps)
    checkpoints: dict[int, dict[str, Tensor]] = {}
    curve: list[dict[str, float]] = []
    finite: Tensor | None = None
    clock = _Clock(next(model.parameters()).device)
    for step in range(1, budget.steps + 1):
        progress = (step - 1) / budget.steps
        for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = rate * learning_rate_factor(recipe.schedule, progress, recipe.decay)
        terms = _named(loss(model, Batch(batches, step), progress))
        total = _total(terms)
        finite = torch.isfinite(total) if finite is None else finite & torch.isfinite(total)
        optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step in note:
            if not bool(finite):
                raise Diverged(f"the loss was not finite at or before step {step} of {budget.steps}")
            values = {name: float(term.detach()) for name, term in terms.items()}
            curve.append({"step": step, "loss": float(total.detach()), **values})
        if step in keep:
            checkpoints[step] = weights_of(model)
        clock.tick(step, batches.labelled_seen + batches.unlabelled_seen)
        on_step(step)
    return Phase(checkpoints, curve, *clock.read(budget.steps, batches.labelled_seen + batches.unlabelled_seen))


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of a model's weights and buffers, contiguous and off the device."""
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in model.state_dict().items()
    }


class _Clock:
    """Seconds of the loop, and examples per second after the warm-up; the device is synchronised before reading."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._start = self._warm = self._now()
        self._examples_at_warm = 0

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def tick(self, step: int, examples: int) -> None:
        """Note the end of the warm-up."""
        if step == WARM_UP_STEPS:
            self._warm, self._examples_at_warm = self._now(), examples

    def read(self, steps: int, examples: int) -> tuple[float, float | None]:
        """Seconds and examples per second; the latter is None for a phase that is all warm-up."""
        end = self._now()
        rate = (examples - self._examples_at_warm) / (end - self._warm) if steps > WARM_UP_STEPS else None
        return end - self._start, rate


def _freeze(model: nn.Module, frozen: Sequence[nn.Module]) -> None:
    """Training mode, but frozen modules evaluate: their batch-norm statistics stay as they are."""
    model.train()
    for module in frozen:
        module.eval()
        module.requires_grad_(False)


def _by_part(model: TransferModel, groups: Groups, backbone_lr: float) -> Groups:
    """The groups with those parameters apart that the backbone has, at `backbone_lr` of the group's rate."""
    backbone = {id(parameter) for parameter in model.backbone.parameters()}
    parted: list[tuple[list[nn.Parameter], float]] = []
    for parameters, factor in groups:
        every = list(parameters)
        parted.append(([each for each in every if id(each) in backbone], factor * backbone_lr))
        parted.append(([each for each in every if id(each) not in backbone], factor))
    return parted


def _optimizer(recipe: Training, groups: Groups) -> torch.optim.Optimizer:
    settings = [
        {"params": [parameter for parameter in parameters if parameter.requires_grad], "lr": recipe.lr * factor}
        for parameters, factor in groups
    ]
    settings = [group for group in settings if group["params"]]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            settings,
            lr=recipe.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
        )
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(settings, lr=recipe.lr, weight_decay=recipe.weight_decay)


def _named(loss: Tensor | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return loss if isinstance(loss, Mapping) else {"objective": loss}


def _total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms that carry a gradient; detached terms are monitors."""
    minimised = [term for term in terms.values() if term.requires_grad]
    if not minimised:
        raise ValueError("loss() returned no term that carries a gradient; detached terms are monitors only")
    return torch.stack([term.reshape(()) for term in minimised]).sum()


def _curve_steps(steps: int) -> set[int]:
    points = min(CURVE_POINTS, steps)
    return {round(1 + (steps - 1) * index / max(points - 1, 1)) for index in range(points)}
