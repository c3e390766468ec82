"""Sparse rows as text, one in a line: `label index:value index:value …`, indices from 0 in rising order."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from tlbench.domain import Split
from tlbench.inputs import SparseRows

_LINE = re.compile(r"([+-]?1)((?: \d+:\d+(?:\.\d+)?)*) ?")


def read_svmlight(path: Path, features: int) -> Split:
    """Rows of `features` numbers, and labels: 0 for -1, 1 for 1. Raises `ValueError` that names file and line."""
    labels, indices, values, ends = [], [], [], [0]
    for place, line in enumerate(path.read_text("ascii").splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"{path.name}, line {place}: {line[:60]!r} is no label, -1 or 1, with index:value pairs")
        pairs = [pair.split(":") for pair in found[2].split()]
        columns = [int(column) for column, _ in pairs]
        if columns != sorted(set(columns)) or any(column >= features for column in columns):
            raise ValueError(f"{path.name}, line {place}: indices must rise, from 0 to {features - 1}")
        labels.append(int(found[1]) > 0)
        indices += columns
        values += [float(value) for _, value in pairs]
        ends.append(len(indices))
    matrix = csr_array((np.array(values, np.float32), np.array(indices), np.array(ends)), (len(labels), features))
    return Split(SparseRows.of(matrix), np.array(labels, dtype=np.int64))
