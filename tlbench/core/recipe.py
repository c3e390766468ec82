"""How a run is trained: its budget and training recipe, and in words what sets recipes apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tlbench.core.run_spec import Budget, Plain, Training

#: Keys that mean something with one value of another key alone; a suite file is refused that has them without it.
BELONGS = {"nesterov": ("optimizer", "sgd"), "decay": ("schedule", "inverse")}


class Recipe(Plain):
    """The budget and the training recipe of a run and of its references."""

    budget: Budget
    training: Training

    def values(self) -> dict[str, Any]:
        """The keys of both tables with their values, less those that need another optimiser or schedule."""
        unused = {key for key, (of, value) in BELONGS.items() if getattr(self.training, of) != value}
        return {**self.budget.model_dump(), **self.training.model_dump(exclude=unused)}


def in_words(training: Training) -> str:
    """A training recipe as one line, without what its optimiser or schedule does not use."""
    parts = [training.optimizer, f"learning rate {training.lr:g}", f"{training.schedule} schedule"]
    if training.schedule == "inverse":
        parts[-1] += f" with decay {training.decay:g}"
    if training.backbone_lr != 1:
        parts[1] += f" (backbone: ×{training.backbone_lr:g})"
    if training.optimizer == "sgd" and training.momentum:
        parts[0] += f" with {'Nesterov ' if training.nesterov else ''}momentum {training.momentum:g}"
    if training.weight_decay:
        parts.append(f"weight decay {training.weight_decay:g}")
    return ", ".join(parts)


def apart(recipes: Sequence[Recipe]) -> list[str]:
    """For each recipe the keys in which they differ, as a suite file has them: `lr = 0.01, steps = 300`."""
    every = [recipe.values() for recipe in recipes]
    keys = dict.fromkeys(key for values in every for key in values)
    differing = [key for key in keys if any(values.get(key) != every[0].get(key) for values in every)]
    return [", ".join(f"{key} = {json.dumps(values[key])}" for key in differing if key in values) for values in every]
