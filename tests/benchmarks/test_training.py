"""Seconds of a training step of the built-in network, one thread."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training.toolkit import Toolkit
from tlbench_backbones.small.small_cnn import small_cnn
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.references import TargetOnly


def task(setting):
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 255, (512, 3, 16, 16), dtype=np.uint8)
    labels = np.arange(512) % 10
    classes = tuple("0123456789")
    source = SourceView("s", classes, Examples(inputs, labels), Examples(inputs[:64], labels[:64]))
    labelled = np.arange(50 if setting == "inductive" else 0)
    target = TargetView("t", classes, inputs, labelled, labels[labelled])
    return TransferTask(setting, 5, (source,), target, (3, 16, 16), 0)


@pytest.mark.parametrize(("strategy", "setting"), [(DomainAdversarial, "transductive"), (TargetOnly, "inductive")])
def test_benchmark_of_fifty_steps(benchmark, strategy, setting):
    torch.set_num_threads(1)

    def fit():
        toolkit = Toolkit(
            lambda: small_cnn((3, 16, 16)), Budget(steps=50, checkpoints=1), Training(), "cpu", None, lambda *_: None
        )
        return strategy(strategy.Params()).fit(task(setting), toolkit)

    assert benchmark(fit).steps == [50]
