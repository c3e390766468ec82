"""Durations that are estimates, with no more digits than an estimate has."""

from __future__ import annotations


def roughly(seconds: float) -> str:
    """`45 s`, `12 min`, `6.2 h`.

    >>> roughly(45), roughly(730), roughly(22_300)
    ('45 s', '12 min', '6.2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
