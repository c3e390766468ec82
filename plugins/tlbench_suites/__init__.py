"""The built-in suites, by name."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_suites(register: Register) -> None:
    """Suite files of this package."""
    register("digits", "tlbench_suites:digits.toml", summary="all six pairs, two settings, four strategies, 5 seeds")
    register("quick", "tlbench_suites:quick.toml", summary="two pairs, 1 seed: a look in under a minute")
