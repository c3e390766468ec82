"""The built-in backbones, by name. Light: the networks are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_backbones(register: Register) -> None:
    """Small networks that train in seconds on a CPU."""
    register(
        "small-cnn", "tlbench_backbones.small:small_cnn", summary="two 3×3 convolutions and a layer of 64, for images"
    )
    register("mlp:", "tlbench_backbones.small:mlp", summary="one hidden layer, e.g. mlp:100, for vectors")
