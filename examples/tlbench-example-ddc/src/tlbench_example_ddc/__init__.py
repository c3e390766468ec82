"""Deep domain confusion for tlbench. This file only names it: what it needs is imported when a run uses it."""

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Offer the strategy."""
    register("ddc", "tlbench_example_ddc.strategy:DeepDomainConfusion", summary="mean features of both domains alike")
