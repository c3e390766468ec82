"""The checks of what a strategy keeps: state in buffers, and checkpoints that hold all that training changes."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.torch import load, save

from tlbench.core.predictor import ModelPredictor
from tlbench.testing.check import CheckFailed, NotApplicable
from tlbench.testing.strategy_trial import StrategyTrial


def check_buffers(bench: StrategyTrial) -> None:
    """The strategy object holds its parameters and nothing that training changed."""
    bench.ask_gradient()
    fitted = bench.fit(bench.any_case())
    kept = sorted(set(vars(fitted.strategy)) - {"params"})
    if kept:
        raise CheckFailed(
            f"the strategy keeps {', '.join('self.' + name for name in kept)}; keep what a loss remembers in buffers "
            "of a module that build() gives, so that it is saved with the model and can be replayed"
        )


def check_saves(bench: StrategyTrial) -> None:
    """Weights and buffers of a checkpoint are tensors that a file without pickle can hold."""
    fitted = bench.fit(bench.any_case())
    predictor = fitted.predictor
    if not isinstance(predictor, ModelPredictor):
        raise NotApplicable("its predictor holds no checkpoints of weights")
    before = fitted.logits()
    last = predictor.steps[-1]
    weights = {name: value.contiguous().clone() for name, value in predictor.checkpoints[last].items()}
    predictor.model.load_state_dict({name: torch.zeros_like(value) for name, value in weights.items()}, strict=False)
    predictor.checkpoints = {**predictor.checkpoints, last: load(save(weights))}
    if not np.array_equal(before, fitted.logits()):
        raise CheckFailed("it predicts otherwise after its weights were saved and loaded; keep all state in buffers")


def check_kept(bench: StrategyTrial) -> None:
    """What a checkpoint leaves out has not changed: else earlier ones would predict with later weights."""
    bench.ask_gradient()
    case = bench.any_case()
    predictor = bench.fit(case).predictor
    if not isinstance(predictor, ModelPredictor):
        raise NotApplicable("its predictor holds no checkpoints of weights")
    kept = set(predictor.checkpoints[predictor.steps[-1]])
    with bench.ready(case) as (strategy, task, toolkit):
        start = strategy.started(task, toolkit).state_dict()  # type: ignore[attr-defined]
    end = predictor.model.state_dict()
    used = [name for name in start.keys() & end.keys() - kept if name.startswith(("backbone.", "head."))]
    if changed := sorted(name for name in used if not torch.equal(start[name], end[name])):
        raise CheckFailed(f"training changes {changed[0]}, and kept_weights() leaves it out; keep all that has changed")
