"""The built-in datasets. This file only names them: a dataset is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tlbench

if TYPE_CHECKING:
    from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_datasets(register: Register) -> None:
    """Register the built-in datasets."""
    register(
        "digits",
        "tlbench_datasets.digits:Digits",
        summary="scanned digits, the same on photographs, and rendered ones: three 16x16 domains, embedded",
    )
