"""Names of classes as names of strategies."""

from __future__ import annotations

import re

_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kebab(name: str) -> str:
    """`mixup-da` for `MixupDA`: words parted by a dash, in small letters; other signs stay.

    >>> kebab("DeepCORALLoss")
    'deep-coral-loss'
    """
    return _SEAM.sub("-", name).lower()
