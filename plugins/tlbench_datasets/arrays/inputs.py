"""Inputs among arrays of users' own, in canonical form and without reading what is mapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import Modality
from tlbench.core.inputs import Gathered, Inputs, SparseRows, join
from tlbench.errors import DataError
from tlbench_datasets.arrays.files import LAYOUT, Arrays

#: A sparse matrix as `scipy.sparse.save_npz` writes it.
SPARSE = ("data", "indices", "indptr", "shape")


def has_inputs(arrays: Arrays, prefix: str) -> bool:
    """Whether there are inputs of the split that a prefix such as `train_` names."""
    return f"{prefix}inputs" in arrays or f"{prefix}indptr" in arrays


def read_inputs(title: str, arrays: Arrays, prefixes: Sequence[str]) -> tuple[Inputs, NDArray[Any], Modality]:
    """Inputs and labels of all splits, one after the other, and the modality. Raises `DataError` for what is wrong."""
    parts = [_part(title, arrays, prefix) for prefix in prefixes]
    shapes = sorted({str(inputs.shape[1:]) for inputs, _, _ in parts})
    if len(shapes) > 1:
        raise DataError(
            f"{title}: the inputs of its splits differ in shape ({', '.join(shapes)}); one network needs one"
        )
    labels = np.concatenate([labels for _, labels, _ in parts])
    return join(_of_one_type([inputs for inputs, _, _ in parts])), labels, parts[0][2]


def _of_one_type(parts: Sequence[Inputs]) -> list[Inputs]:
    """Arrays of splits, which may have been written in several types of numbers, in one that holds them all."""
    kinds = {part.dtype for part in parts}
    if len(kinds) == 1:
        return list(parts)
    common = np.result_type(*kinds)
    return [Gathered([part], np.arange(len(part)), common) if isinstance(part, np.ndarray) else part for part in parts]


def named_items(title: str, arrays: Arrays, prefixes: Sequence[str], count: int) -> list[str]:
    """What the arrays `ids` call the rows of all splits, one after the other; their places where there are none."""
    if not any(f"{prefix}ids" in arrays for prefix in prefixes):
        return [f"{prefix}inputs[{row}]" for prefix in prefixes for row in range(len(arrays[f"{prefix}labels"]))]
    names: list[str] = []
    for prefix in prefixes:
        ids, rows = arrays.get(f"{prefix}ids"), len(arrays[f"{prefix}labels"])
        if ids is None or ids.shape != (rows,) or ids.dtype.kind not in "biuUS":
            found = "not there" if ids is None else f"{ids.dtype} {ids.shape}"
            message = f"{prefix}ids is {found}; ids are strings or whole numbers of shape ({rows},), one for each row"
            raise DataError(f"{title}: {message}")
        names += [name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in ids.tolist()]
    assert len(names) == count
    return names


def _part(title: str, arrays: Arrays, prefix: str) -> tuple[Inputs, NDArray[Any], Modality]:
    dense = f"{prefix}inputs" in arrays or not has_inputs(arrays, prefix)
    wanted = [f"{prefix}{name}" for name in (*(("inputs",) if dense else SPARSE), "labels")]
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise DataError(f"{title} has no array {missing[0]!r}; there are: {', '.join(arrays) or 'none'}; {LAYOUT}")
    labels = arrays[f"{prefix}labels"]
    rows = arrays[wanted[0]] if dense else _sparse(title, arrays, prefix)
    if labels.ndim != 1 or len(rows.shape) < 2 or len(rows) != len(labels):
        of_inputs = repr(f"{prefix}inputs") if dense else f"the sparse matrix of {prefix}data"
        shapes = f"{of_inputs} has the shape {rows.shape} and {f'{prefix}labels'!r} {labels.shape}"
        raise DataError(f"{title}: {shapes}; they must be (n, …) and (n,) with the same n")
    inputs, modality = _canonical(title, rows)
    return inputs, labels, modality


def _canonical(title: str, rows: NDArray[Any] | SparseRows) -> tuple[Inputs, Modality]:
    """Images as uint8 (n, channels, height, width), vectors as they are (n, features); views, where they can be."""
    if isinstance(rows, SparseRows):
        return rows, "vector"
    if rows.ndim == 2 and rows.dtype.kind in "biuf":
        return rows, "vector"
    if rows.dtype == np.uint8 and rows.ndim == 3:
        return rows[:, None], "image"
    if rows.dtype == np.uint8 and rows.ndim == 4 and rows.shape[1] <= 4:
        return rows, "image"
    if rows.dtype == np.uint8 and rows.ndim == 4 and rows.shape[3] <= 4:
        return rows.transpose(0, 3, 1, 2), "image"
    allowed = "images are uint8 of shape (n, c, h, w), (n, h, w, c) or (n, h, w), with at most 4 channels"
    raise DataError(f"{title}: inputs are {rows.dtype} {rows.shape}; {allowed}; vectors are numbers (n, features)")


def _sparse(title: str, arrays: Arrays, prefix: str) -> SparseRows:
    from scipy.sparse import csr_array  # here, for scipy takes its time to import

    written = arrays.get(f"{prefix}format")
    if written is not None and written.tolist() not in (b"csr", "csr"):
        message = f"the sparse matrix of {prefix}data has the format {written.tolist()!r}; write matrix.tocsr()"
        raise DataError(f"{title}: {message}")
    data, indices, indptr, shape = (arrays[f"{prefix}{name}"] for name in SPARSE)
    if data.dtype.kind not in "biuf":
        raise DataError(f"{title}: {prefix}data is {data.dtype}; values are numbers")
    try:
        matrix = csr_array((data, indices, indptr), shape=tuple(shape.tolist()))
        matrix.check_format(full_check=True)
    except (ValueError, TypeError) as error:
        fault = f"{prefix}data, indices, indptr and shape are no sparse matrix of rows (CSR): {error}"
        raise DataError(f"{title}: {fault}; write the four of matrix.tocsr()") from error
    return SparseRows.of(matrix)
