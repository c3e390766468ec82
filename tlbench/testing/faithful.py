"""Is a strategy what its paper says? What a faithfulness test is made of.

A strategy that learns and scores well may still be another method than its name says: weights that are not detached, a
reversal where the paper has two losses, a module that learns where it should be frozen. Such a fault shows in a
property that the method has by definition, and each function here checks one of them on a small made-up task:

    subject = faithful.on_toy_task(MaximumClassifierDiscrepancy)
    model = subject.model
    faithful.unchanged_after(lambda: subject.update("heads"), [model.backbone], changes=[model.head])

    faithful.limit(DeepCoral, {"weight": 0.0}, equals="source-only")

| function | property |
|---|---|
| `unchanged_after` | an update leaves modules bit for bit as they are |
| `same` | a term is a formula, in value and gradient |
| `no_gradient_from` | a term of the loss does not reach modules |
| `identical_at_start` | before the first step it predicts as what it starts from |
| `limit` | with these parameters it is another strategy, bit for bit on CPU |
| `detached` | weights within a term are constants to its gradient |
| `permutation_invariant` | a term does not depend on the order of a batch |

They raise `Unfaithful` where the property does not hold, and `Vacuous` where it would hold of anything: nothing was
changed at all, a term reaches nothing, the limit is what the defaults are too. `gradient` is for properties of
gradients that are not among these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from tlbench.core.model import TransferModel
from tlbench.core.predictor import ModelPredictor
from tlbench.core.run_spec import Budget, Setting
from tlbench.core.strategy import GradientStrategy, Strategy
from tlbench.core.task import TransferTask
from tlbench.plugins.manager import plugin_host
from tlbench.testing.check import CheckFailed
from tlbench.testing.strategy_trial import SHORT, Case, Fitted, StrategyTrial
from tlbench.testing.toy_domains import Kind
from tlbench.training.batches import Batch, Batches, batch_tensor
from tlbench.training.loop import evaluating

Role = Literal["source", "target", "labelled_target"]

#: Three classes, so that what is wrong with one of two cannot hide.
CLASSES = 3
ONE_STEP = Budget(steps=1, batch_size=SHORT.batch_size, checkpoints=1)
#: A sum in another order differs by so much of its size.
ROUNDING = 1e-4


class Unfaithful(CheckFailed):
    """A property that the method has by definition does not hold."""


class Vacuous(CheckFailed):
    """The property would hold whatever the strategy does: the test shows nothing."""


# ---- a strategy before its first step --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A strategy before its first step on a made-up task of three classes, the model that it trains, and a batch."""

    strategy: GradientStrategy
    task: TransferTask
    model: TransferModel
    batch: Batch
    trial: StrategyTrial
    case: Case

    def terms(self, progress: float = 0.5) -> dict[str, Tensor]:
        """The terms of the loss on the batch, in training mode; those of several substeps as `substep.term`."""
        self.model.train()
        found: dict[str, Tensor] = {}
        substeps = self.strategy.substeps(self.model)
        for substep in substeps:
            torch.manual_seed(self.task.seed)
            loss = substep.loss(self.model, self.batch, progress)
            named = loss if isinstance(loss, Mapping) else {"objective": loss}
            found |= named if len(substeps) == 1 else {f"{substep.name}.{name}": term for name, term in named.items()}
        return found

    def values(self, progress: float = 0.5) -> dict[str, float]:
        """The values of the terms."""
        return {name: float(term.detach()) for name, term in self.terms(progress).items()}

    def fit(self) -> Fitted:
        """All of a short training by a new object of the strategy, as a run does it, with its predictor and report."""
        return self.trial.fit(self.case)

    def update(self, *substeps: str) -> None:
        """One step of the host's loop: the substeps of these names alone, or all of them and what follows the step."""
        toolkit = self.trial.toolkit(self.case, ONE_STEP)
        if not substeps:
            self.strategy.train(self.model, self.task, toolkit)
            return
        there = self.strategy.substeps(self.model)
        chosen = [substep for substep in there if substep.name in substeps]
        if len(chosen) != len(substeps):
            known = ", ".join(substep.name for substep in there)
            raise Vacuous(f"of the substeps {', '.join(substeps)} not all are there; there are {known}")
        groups, frozen = self.strategy.parameter_groups(self.model), list(self.strategy.frozen(self.model))
        toolkit.train(self.model, chosen, self.task, groups, frozen)


def on_toy_task(
    strategy: type[GradientStrategy],
    params: Mapping[str, Any] | None = None,
    *,
    setting: Setting = "transductive",
    kind: Kind = "vector",
    backbone: str | None = None,
) -> Subject:
    """A strategy with these parameters, as it is before its first step, after its first refresh if it has any.

    `kind`: of the inputs, vectors for a network with one hidden layer by default. `backbone`: another network by name,
    such as `lenet:16` for images, with batch norm and dropout.
    Raises `NotApplicable` where it does not work in the setting.
    """
    trial = StrategyTrial(strategy, plugin_host(), dict(params or {}), backbone)
    case = trial.case(kind, setting, classes=CLASSES)
    with trial.ready(case) as (made, task, toolkit):
        assert isinstance(made, GradientStrategy)
        model = made.started(task, toolkit)
        if made.refreshes:
            with evaluating(model):
                made.refresh(model, task, toolkit)
    batch = Batch(Batches(task, SHORT.batch_size, "cpu"), 1)
    return Subject(made, task, model, batch, trial, case)


# ---- properties ------------------------------------------------------------------------------------------------------


def unchanged_after(act: Callable[[], object], modules: Iterable[nn.Module], *, changes: Iterable[nn.Module]) -> None:
    """After `act()` parameters and buffers of `modules` are bit for bit what they were, and those of `changes` not."""
    still, moved = _states(modules), _states(changes)
    if not still or not moved:
        raise Vacuous("the modules have neither parameters nor buffers")
    act()
    if all(torch.equal(now, before) for now, before in moved):
        raise Vacuous("nothing has changed: the modules that should change are as they were")
    different = [now for now, before in still if not torch.equal(now, before)]
    if different:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in different)
        raise Unfaithful(f"tensors of modules that should stay have changed, of the shapes {shapes}")


def gradient(term: Tensor, modules: Iterable[nn.Module]) -> Tensor:
    """The gradient of a term with respect to all parameters of modules, in one vector; 0 where it does not reach."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    if not parameters:
        raise Vacuous("the modules have no parameters")
    if not term.requires_grad:
        raise Vacuous("the term carries no gradient at all")
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
    parts = [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]
    return torch.cat([part.flatten() for part in parts])


def same(term: Tensor, formula: Tensor, modules: Iterable[nn.Module], *, factor: float = 1.0) -> None:
    """A term has the value of a formula, and `factor` times its gradient with respect to `modules`.

    Behind a reversal of gradients with λ the factor is −λ.
    """
    there = list(modules)
    expected = gradient(formula, there)
    if not expected.any() or not factor:
        raise Vacuous("the formula does not reach the modules: its gradient is 0")
    _ask_close(term, formula, "its value is not that of the formula")
    _ask_close(gradient(term, there), factor * expected, f"its gradient is not {factor:g} times that of the formula")


def no_gradient_from(term: Tensor, modules: Iterable[nn.Module], *, reaches: Iterable[nn.Module]) -> None:
    """A term does not reach the parameters of `modules`, and does reach those of `reaches`."""
    if not gradient(term, reaches).any():
        raise Vacuous("the term reaches nothing: its gradient is 0 where it should not be")
    if gradient(term, modules).any():
        raise Unfaithful("the term reaches the modules; something should be detached")


def identical_at_start(
    strategy: type[GradientStrategy], to: Literal["backbone", "source-model"], params: Mapping[str, Any] | None = None
) -> None:
    """Before its first step it predicts bit for bit as what it starts from, the backbone or the source model."""
    subject = on_toy_task(strategy, params)
    with subject.trial.ready(subject.case) as (_, task, toolkit):
        other = toolkit.source_model(task) if to == "source-model" else toolkit.new_model(task)
    inputs = batch_tensor(subject.case.test.inputs, slice(0, None), "cpu")
    predict = type(subject.strategy).predict
    own = None if predict is GradientStrategy.predict else subject.strategy.predict
    expected, before = (
        _logits(ModelPredictor(model, {}, how), inputs) for model, how in ((other, None), (subject.model, own))
    )
    subject.update()
    if torch.equal(before, _logits(ModelPredictor(subject.model, {}, own), inputs)):
        raise Vacuous("a step of training changes no prediction")
    if not torch.equal(expected, before):
        raise Unfaithful(f"before the first step predictions are not those of the {to}")


def limit(
    strategy: type[Strategy],
    params: Mapping[str, Any],
    *,
    equals: str | type[Strategy],
    with_params: Mapping[str, Any] | None = None,
    setting: Setting = "transductive",
    kind: Kind = "vector",
) -> None:
    """With these parameters its predictions are bit for bit those of another strategy, and with the defaults not.

    `equals`: the other, a class or the name of an installed one, with the parameters `with_params`.
    """
    host = plugin_host()
    other = host.find("strategies", equals)[0].load() if isinstance(equals, str) else equals
    expected, found, default = (
        _fitted(each, chosen, setting, kind)
        for each, chosen in ((other, with_params or {}), (strategy, params), (strategy, {}))
    )
    if _same(default, expected):
        raise Vacuous("with its default parameters it is the same as well")
    if not _same(found, expected):
        most = float(np.abs(found.logits() - expected.logits()).max())
        raise Unfaithful(f"with {dict(params)} its logits differ by up to {most:.2g} from those of {equals}")


def detached(
    term: Callable[[Tensor], Tensor],
    at: Tensor,
    *,
    weights: Callable[[Tensor], Tensor],
    weighted: Callable[[Tensor, Tensor], Tensor],
) -> None:
    """`term(x)` is `weighted(x, weights(x))`, and its gradient at x is that with the weights held constant."""
    x = at.detach().clone().requires_grad_()
    constant = weights(x).detach()
    value, expected, whole = term(x), weighted(x, constant), weighted(x, weights(x))
    _ask_close(value, expected, "its value is not that of the weighted term")
    of_term, of_constant, of_whole = (torch.autograd.grad(each, x)[0] for each in (value, expected, whole))
    if _close(of_constant, of_whole):
        raise Vacuous("the gradient is the same whether the weights are constants or not")
    _ask_close(of_term, of_constant, "its gradient is not that with constant weights; they should be detached")


def permutation_invariant(subject: Subject, term: str, role: Role) -> None:
    """A term has the same value whatever the order of the examples of a role, and another for other examples."""
    examples = getattr(subject.batch, role)
    count = len(examples.inputs)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    value, moved, other = (
        _on(subject, role, rows).terms()[term].detach()
        for rows in (torch.arange(count), order, (count + torch.arange(count)) // 2)
    )
    if _close(value, other):
        raise Vacuous(f"the term {term!r} is the same for other examples of {role}")
    _ask_close(moved, value, f"the term {term!r} depends on the order of {role}")


# ---- how -------------------------------------------------------------------------------------------------------------


def _states(modules: Iterable[nn.Module]) -> list[tuple[Tensor, Tensor]]:
    """Each tensor of the modules with a copy of it as it is now."""
    return [(value, value.clone()) for module in modules for value in module.state_dict().values()]


def _logits(predictor: ModelPredictor, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return predictor.predict(inputs).logits.clone()


def _fitted(strategy: type[Strategy], params: Mapping[str, Any], setting: Setting, kind: Kind) -> Fitted:
    trial = StrategyTrial(strategy, plugin_host(), dict(params))
    return trial.fit(trial.case(kind, setting, classes=CLASSES))


def _same(one: Fitted, other: Fitted) -> bool:
    return np.array_equal(one.logits(), other.logits()) and np.array_equal(one.features(), other.features())


def _on(subject: Subject, role: Role, rows: Tensor) -> Subject:
    """The same with these examples of a role, and of the others all as they are."""
    batch = Batch(Batches(subject.task, SHORT.batch_size, "cpu"), 1)
    examples = getattr(batch, role)
    tensors = {name: value[rows] for name, value in vars(examples).items() if isinstance(value, Tensor)}
    setattr(batch, f"_{role}", replace(examples, **tensors))
    return replace(subject, batch=batch)


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=ROUNDING, atol=ROUNDING * float(other.detach().abs().max()))


def _ask_close(found: Tensor, expected: Tensor, otherwise: str) -> None:
    if not _close(found, expected):
        most = float((found - expected).detach().abs().max())
        raise Unfaithful(f"{otherwise}; they differ by up to {most:.2g}")
