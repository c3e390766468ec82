"""The arithmetic of backbones, for the whole process: float32, TF32 in matrix products on a GPU, or bf16.

With `bf16` a backbone computes under torch's autocast and its features are float32 again. Classifiers, losses, whatever
a strategy adds, weights and the optimiser stay float32. With `float32` a GPU uses no TF32, which torch would otherwise
take for convolutions.

Papers: Micikevicius et al., "Mixed precision training", ICLR 2018, https://arxiv.org/abs/1710.03740; Kalamkar et al.,
"A study of BFLOAT16 for deep learning training", 2019, https://arxiv.org/abs/1905.12322
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from tlbench.core.run_spec import Precision

_used: Precision = "float32"


def use_precision(precision: Precision) -> None:
    """Compute so from now on, in this process."""
    global _used  # noqa: PLW0603  # as torch's own switches are
    _used = precision
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


def used_precision() -> Precision:
    """What is computed in."""
    return _used


def reduced(device: torch.device) -> AbstractContextManager[object]:
    """What a backbone on the device computes in: autocast with bf16, else nothing of its own."""
    return torch.autocast(device.type, torch.bfloat16) if _used == "bf16" else nullcontext()
