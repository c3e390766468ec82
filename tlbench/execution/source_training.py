"""Training on source labels alone: the phase that `source-only` is, and that other strategies start from."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from tlbench.core.model import TransferModel
from tlbench.core.task import TransferTask
from tlbench.training import losses
from tlbench.training.batches import Batch
from tlbench.training.toolkit import Toolkit


def fit_source_model(task: TransferTask, toolkit: Toolkit, folder: Path) -> None:
    """Train from the backbone's own initialisation and write backbone and head of every checkpoint into `folder`."""
    predictor = toolkit.train(toolkit.new_model(task), _loss, task, phase="source")
    folder.mkdir()
    for step, weights in predictor.checkpoints.items():
        kept = {name: value for name, value in weights.items() if name.startswith(("backbone.", "head."))}
        save_file(kept, folder / f"{step}.safetensors")


def _loss(model: TransferModel, batch: Batch, progress: float) -> Tensor:
    examples = batch.source
    return losses.cross_entropy(model(examples.inputs), examples.labels)
