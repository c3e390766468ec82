"""The README of an exported model, run as a user would: block by block."""

from __future__ import annotations

import csv
import re
from pathlib import Path


def blocks(folder: Path) -> list[str]:
    """The Python of a README, in its order."""
    return re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), flags=re.DOTALL)


def run_block(text: str, **given):
    """What its names are afterwards."""
    names = dict(given)
    exec(compile(text, "README.md", "exec"), names)
    return names


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    """Predictions by item."""
    with path.open(newline="") as file:
        return {row["item"]: row for row in csv.DictReader(file)}


def chances(row: dict[str, str]) -> list[float]:
    """The probabilities of an item, in the order of the classes."""
    return [float(value) for name, value in row.items() if name.startswith("p(")]
