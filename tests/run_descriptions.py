"""A run described in full, for tests to change in one field."""

from tlbench.core.run_spec import Budget, Compute, Training

BASE = {
    "strategy": "dann",
    "strategy_version": "1",
    "params": {"adversarial_weight": 1.0, "hidden": 100},
    "dataset": "toy",
    "revisions": {"a": "ra", "b": "rb"},
    "backbone": "mlp:16",
    "backbone_version": "1",
    "source": ("a",),
    "target": "b",
    "setting": "transductive",
    "shots": None,
    "evaluation": "held-out",
    "seed": 0,
    "budget": Budget(),
    "training": Training(),
    "compute": Compute(),
}
