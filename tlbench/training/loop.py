"""The training loop: reads from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tlbench.core.model import TransferModel
from tlbench.core.run_spec import Training
from tlbench.core.seeds import derive
from tlbench.core.updates import Hooks, ParameterGroup, Substep
from tlbench.training.batches import Batch, Batches
from tlbench.training.clock import Clock
from tlbench.training.optimizers import make_optimizer
from tlbench.training.schedules import learning_rate_factor

#: How many points of the loss curve are kept.
CURVE_POINTS = 20


class Diverged(ArithmeticError):
    """A loss that is not finite."""


@dataclass(frozen=True)
class Span:
    """The steps of one phase: those after `first` up to `last`, counted over all phases that share a budget.

    `checkpoints` are the steps after which weights are kept, `seed` is the run's.
    """

    first: int
    last: int
    checkpoints: Sequence[int]
    seed: int

    @property
    def steps(self) -> int:
        """How many."""
        return self.last - self.first


@dataclass
class Phase:
    """What one training phase did. `updates` are those of the optimiser."""

    checkpoints: dict[int, dict[str, Tensor]]
    curve: list[dict[str, float]]
    seconds: float
    examples_per_second: float | None
    updates: int


def train(
    model: TransferModel,
    substeps: Sequence[Substep],
    batches: Batches,
    span: Span,
    recipe: Training,
    groups: Sequence[ParameterGroup],
    hooks: Hooks,
    on_step: Callable[[int], None],
) -> Phase:
    """Do the updates of every step of the span and keep the weights at the checkpoints.

    The model is in training mode, but for what was frozen before. Raises `Diverged` at the next point of the curve
    after a loss was not finite.
    """
    optimizer = make_optimizer(recipe, groups)
    base_rates = [group["lr"] for group in optimizer.param_groups]
    only = [_parameters_of(substep) for substep in substeps]
    keep, note = set(span.checkpoints), _curve_steps(span)
    refresh_before = _refresh_steps(span, hooks)
    checkpoints: dict[int, dict[str, Tensor]] = {}
    curve: list[dict[str, float]] = []
    finite: Tensor | None = None
    device, layers_seed = next(model.parameters()).device, derive(span.seed, "layers")
    clock = Clock(device, span.first)
    for step in range(span.first + 1, span.last + 1):
        progress = (step - 1 - span.first) / span.steps
        for group, rate in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = rate * learning_rate_factor(recipe.schedule, progress, recipe.decay)
        if step in refresh_before and hooks.refresh is not None:
            with evaluating(model):
                hooks.refresh(model)
        # Dropout draws the same in every strategy of one seed, for what passes the network first.
        _seed_layers(device, layers_seed + step)
        batch = Batch(batches, step)
        terms: dict[str, Tensor] = {}
        for substep, parameters in zip(substeps, only, strict=True):
            for _ in range(substep.times):
                found = _named(substep.loss(model, batch, progress))
                total = _total(found)
                finite = torch.isfinite(total) if finite is None else finite & torch.isfinite(total)
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(total, inputs=parameters)
                optimizer.step()
            terms |= found if len(substeps) == 1 else {f"{substep.name}.{name}": term for name, term in found.items()}
        with torch.no_grad():
            hooks.after_step(model, batch, progress)
        if step in note:
            if not bool(finite):
                raise Diverged(f"the loss was not finite at or before step {step} of {span.last}")
            curve.append(_point(step, terms))
        if step in keep:
            checkpoints[step] = copied(model.state_dict() if hooks.kept is None else hooks.kept(model))
        clock.tick(step, batches.labelled_seen + batches.unlabelled_seen)
        on_step(step)
    updates = span.steps * sum(substep.times for substep in substeps)
    return Phase(checkpoints, curve, *clock.read(span.last, batches.labelled_seen + batches.unlabelled_seen), updates)


def copied(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy of weights and buffers, contiguous and off the device."""
    return {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in weights.items()}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards each module is in the mode that it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def training(model: nn.Module, frozen: Sequence[nn.Module]) -> Iterator[None]:
    """Training mode, but frozen modules evaluate: their batch-norm statistics stay as they are.

    Their parameters learn again after the phase.
    """
    model.train()
    stopped = [parameter for module in frozen for parameter in module.parameters() if parameter.requires_grad]
    for module in frozen:
        module.eval()
        module.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in stopped:
            parameter.requires_grad_(True)


def _seed_layers(device: torch.device, seed: int) -> None:
    """Seed what layers draw from, as `torch.manual_seed` does.

    That one also notes, with a trace of the stack, what is to be done once other devices are there: half a millisecond.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def _parameters_of(substep: Substep) -> list[Tensor] | None:
    """The parameters that a substep changes; None where it is all that have a gradient."""
    if not substep.of:
        return None
    found = {id(p): p for module in substep.of for p in module.parameters() if p.requires_grad}
    if not found:
        raise ValueError(f"the modules of the substep {substep.name!r} have no parameter that learns")
    return list(found.values())


def _named(loss: Tensor | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return loss if isinstance(loss, Mapping) else {"objective": loss}


def _total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms that carry a gradient; detached terms are monitors."""
    minimised = [term for term in terms.values() if term.requires_grad]
    if not minimised:
        raise ValueError("loss() returned no term that carries a gradient; detached terms are monitors only")
    return torch.stack([term.reshape(()) for term in minimised]).sum()


def _point(step: int, terms: Mapping[str, Tensor]) -> dict[str, float]:
    """A point of the curve: all terms, and the sum of those that are minimised."""
    total = sum(float(term.detach()) for term in terms.values() if term.requires_grad)
    return {"step": step, "loss": total, **{name: float(term.detach()) for name, term in terms.items()}}


def _curve_steps(span: Span) -> set[int]:
    points = min(CURVE_POINTS, span.steps)
    return {span.first + round(1 + (span.steps - 1) * index / max(points - 1, 1)) for index in range(points)}


def _refresh_steps(span: Span, hooks: Hooks) -> set[int]:
    """The steps before which the strategy refreshes what it knows, the first of the span among them."""
    count = min(hooks.refreshes, span.steps)
    return {span.first + 1 + span.steps * index // count for index in range(count)}
