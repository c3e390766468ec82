"""Files that a suite names, of published figures or of text: they lie in the suite's own folder, links included.

Their content lands on pages that others read, so a suite file of somebody else must not name any file of this machine.
"""

from __future__ import annotations

import os
from pathlib import Path

from tlbench.errors import TlbenchError


def named_file(folder: Path, written: str) -> Path:
    """The file in a suite's folder that the suite writes so. Raises `TlbenchError` where it would lie outside."""
    try:
        inside = Path(os.path.realpath(folder))
        found = Path(os.path.realpath(folder / written))
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise TlbenchError(f"{written!r} cannot be read: {error}") from None
    if Path(written).is_absolute() or not found.is_relative_to(inside):
        raise TlbenchError(
            f"{written!r} lies outside the folder of the suite file; put the file, and no link, beside it, and write "
            "its name alone"
        )
    return folder / written
