"""The plan in a folder of results or a published one, `plan.json`, as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.files import read_file
from tlbench.records.sealed_json import unsealed

#: What the suite asks for, beside its records.
PLAN_FILE = "plan.json"
#: Bytes of it that are read.
LARGEST_PLAN = 512 * 2**20


def plan_bytes(folder: Path) -> bytes:
    """Its JSON without the digest.

    Raises `FileNotFoundError` where there is none, `tlbench.files.UnfitFile` and `BrokenSeal` where it is no good.
    """
    return unsealed(read_file(folder / PLAN_FILE, LARGEST_PLAN))


def plan_content(folder: Path) -> dict[str, Any] | None:
    """The plan, unchecked; None where there is none, or none that can be read."""
    try:
        found = json.loads(plan_bytes(folder))
    except (OSError, ValueError, RecursionError, TlbenchError):
        return None
    return found if isinstance(found, dict) else None
