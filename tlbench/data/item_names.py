"""What users call each example, in the order in which the host keeps a domain; labels may be read off such names.

    <cache>/datasets/<dataset>-<hash>.items.json   names by split, and how raw values are read

Where each seed draws its own splits, each has its file.

No worker is given the file. It stands beside the index of the dataset, and not beside the arrays, for files that are
renamed hold the same arrays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SPLITS, Domain, SplitName
from tlbench.core.seeds import derive
from tlbench.files import write_whole


@dataclass(frozen=True)
class ItemNames:
    """The names of a domain's examples by split, in the host's order, and its `Domain.reading`."""

    by_split: Mapping[SplitName, list[str]]
    reading: Mapping[str, Any]

    def only(self, rows: Mapping[SplitName, NDArray[np.int64]]) -> ItemNames:
        """Those of some rows of each split."""
        some = {split: [self.by_split[split][row] for row in kept.tolist()] for split, kept in rows.items()}
        return ItemNames(some, self.reading)

    def joined(self, made_of: Mapping[SplitName, Sequence[SplitName]], revision: str) -> ItemNames:
        """Those of `transductive-test`, of which it is said of which splits each is made."""
        joined: dict[SplitName, list[str]] = {}
        for split, names in made_of.items():
            every = [item for name in names for item in self.by_split[name]]
            joined[split] = [every[row] for row in whole_order(revision, split, len(every))]
        return ItemNames(joined, self.reading)


def split_order(revision: str, split: SplitName, count: int) -> NDArray[np.int64]:
    """The order of the host's own in which it keeps a split, (count,): so that no order of a file tells its labels."""
    return np.random.default_rng(derive(0, "order", revision, split)).permutation(count)


def whole_order(revision: str, split: SplitName, count: int) -> NDArray[np.int64]:
    """The same of the splits of `transductive-test`."""
    return np.random.default_rng(derive(0, "order", revision, "whole", split)).permutation(count)


def write_item_names(path: Path, domain: Domain, revision: str) -> None:
    """Keep the names of a domain's examples, in the host's order."""
    items = {}
    for split in SPLITS:
        data = domain.split(split)
        order = split_order(revision, split, len(data))
        items[split] = [str(data.items[row]) if data.items else f"{split} {row}" for row in order]
    content = {"items": items, "reading": dict(domain.reading)}
    write_whole(path, lambda to: to.write_text(json.dumps(content), encoding="utf-8"))


def read_item_names(path: Path) -> ItemNames | None:
    """The names that are kept; None where there are none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ItemNames(content["items"], content["reading"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
