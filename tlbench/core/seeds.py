"""One seed per purpose, derived from the run's seed, so that no draw depends on another. No torch here."""

from __future__ import annotations

import hashlib


def derive(seed: int, *purpose: str) -> int:
    """A seed below 2^63 for a purpose, e.g. `derive(0, "batches", "source")`."""
    digest = hashlib.sha256("/".join([str(seed), *purpose]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
