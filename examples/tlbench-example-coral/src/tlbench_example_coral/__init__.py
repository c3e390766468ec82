"""Deep CORAL for tlbench. This file only names it: what it needs is imported when a run uses it."""

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Offer the strategy."""
    register(
        "deep-coral", "tlbench_example_coral.strategy:DeepCoral", summary="covariances of source and target made alike"
    )
