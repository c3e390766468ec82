"""A tiny task, and a toolkit for it, without any process or file between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training.batches import Batch, Batches
from tlbench.training.toolkit import Toolkit

CLASSES = ("zero", "one", "two")


def examples(seed: int, size: int = 60, shift: float = 0.0) -> Examples:
    rng = np.random.default_rng(seed)
    labels = np.arange(size) % 3
    inputs = 2.0 * np.eye(3, 5)[labels] + shift + 0.5 * rng.standard_normal((size, 5))
    return Examples(inputs.astype(np.float32), labels.astype(np.int64))


def make_task(
    setting: str = "inductive", shots: int | None = 2, classes: tuple[str, ...] = CLASSES, with_source: bool = True
) -> TransferTask:
    parts = examples(0), examples(1)
    if setting == "unsupervised":
        parts = tuple(Examples(part.inputs, part.labels[:0]) for part in parts)
    target = examples(2, shift=0.5)
    labelled = np.arange(3 * (shots or 0))
    return TransferTask(
        setting,
        shots,
        (SourceView("s", CLASSES, *parts),) if with_source else (),
        TargetView("t", classes, target.inputs, labelled, target.labels[labelled]),
        (5,),
        0,
    )


def backbone() -> Backbone:
    """Two stages, the first with batch norm."""
    return Backbone(
        [nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU()), nn.Sequential(nn.Linear(8, 4), nn.ReLU())], 4
    )


@pytest.fixture
def source_model(tmp_path):
    """The folder of a trained source model, as the host leaves it."""
    from safetensors.torch import save_file

    toolkit = make_toolkit()
    task = make_task("transductive", None)
    model = toolkit.new_model(task)
    predictor = toolkit.train(
        model,
        lambda model, batch, progress: nn.functional.cross_entropy(model(batch.source.inputs), batch.source.labels),
        task,
        phase="source",
    )
    for step, weights in predictor.checkpoints.items():
        kept = {name: value for name, value in weights.items() if name.startswith(("backbone.", "head."))}
        save_file(kept, tmp_path / f"{step}.safetensors")
    return tmp_path


def make_toolkit(folder=None, steps: int = 30, make_backbone=backbone) -> Toolkit:
    budget = Budget(steps=steps, batch_size=12, checkpoints=2)
    return Toolkit(make_backbone, budget, Training(lr=0.02), "cpu", folder, lambda *_: None)


def one_batch(task: TransferTask) -> Batch:
    return Batch(Batches(task, 12, "cpu"), 1)


class Kit:
    """What the tests of this folder are made of."""

    make_task = staticmethod(make_task)
    make_toolkit = staticmethod(make_toolkit)
    one_batch = staticmethod(one_batch)
    backbone = staticmethod(backbone)

    @staticmethod
    def model(strategy, task):
        toolkit = make_toolkit()
        model = toolkit.new_model(task)
        toolkit.extend(model, task.seed, lambda: strategy.build_on(task, model.backbone))
        return model

    @staticmethod
    def with_batch_norm(subject):
        """A subject of `tlbench.testing.faithful` on vectors, whose backbone has batch norm."""

        def normalised() -> Backbone:
            width = subject.task.input_shape[0]
            return Backbone([nn.Sequential(nn.Linear(width, 16), nn.BatchNorm1d(16), nn.ReLU())], 16)

        toolkit = make_toolkit(make_backbone=normalised)
        return replace(subject, model=subject.strategy.started(subject.task, toolkit))


@pytest.fixture
def kit():
    torch.set_num_threads(1)
    return Kit
