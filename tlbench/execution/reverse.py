"""Reverse validation (Ganin et al., JMLR 2016, section 5.1.2): a second training, from the target back to the source.

The trained predictor labels the target's training inputs; the same strategy is trained with these as its source and the
source's inputs as its target; what comes out is judged on the source's validation labels, which the host holds. Where
the paper starts the second network from the first one's weights, this one starts anew, so that nothing of the source's
labels reaches it but through the target's predictions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.execution.predicting import predict
from tlbench.execution.source_training import fit_source_model
from tlbench.execution.tasks import open_array, reversed_task
from tlbench.predictor import Predictor
from tlbench.record import Seen
from tlbench.strategy import Strategy
from tlbench.task import TransferTask
from tlbench.training.toolkit import Toolkit

#: Where the outcome stands among the arrays that are handed back; empty where the second training failed.
KEY = "reverse/source_val/logits"


def reverse_validate(
    strategy: Strategy,
    task: TransferTask,
    predictor: Predictor,
    places: dict[str, Any],
    make_toolkit: Callable[[Path | None], Toolkit],
    folder: Path,
) -> tuple[dict[str, NDArray[Any]], list[Seen], list[str]]:
    """Logits of source validation items after the second training, what that saw, and notes.

    A second training that fails costs the run nothing but this choice: predictions of a single class, say, leave
    nothing to train a classifier on.
    """
    toolkit = make_toolkit(None)
    try:
        back = reversed_task(task, _predicted(predictor, task, toolkit.device))
        if strategy.uses_source_model:
            fit_source_model(back, toolkit, folder / "reverse-model")
            seen = toolkit.report.seen
            toolkit = make_toolkit(folder / "reverse-model")
            toolkit.report.seen = seen
        reverse = strategy.fit(back, toolkit)
        reverse.load(list(reverse.steps)[-1])
        parts = places["selection"].get("source_val", [])
        inputs = np.concatenate([open_array(part["inputs"])[np.array(part["items"])] for part in parts])
        logits, _ = predict(reverse, inputs, "target", toolkit.device)
    except Exception as error:
        note = f"reverse-validation found nothing to choose by: {type(error).__name__}: {error}"
        return {KEY: np.empty((0, 1), np.float32)}, _seen(toolkit), [note]
    return {KEY: logits}, _seen(toolkit), []


def _predicted(predictor: Predictor, task: TransferTask, device: str) -> NDArray[np.int64]:
    predictor.load(list(predictor.steps)[-1])
    logits, _ = predict(predictor, task.target.inputs, "target", device)
    classes: NDArray[np.int64] = logits.argmax(axis=1).astype(np.int64)
    return classes


def _seen(toolkit: Toolkit) -> list[Seen]:
    return [seen.model_copy(update={"phase": f"reverse {seen.phase}"}) for seen in toolkit.report.seen]
