"""What the runs of a published suite predicted: of each the class ids of the target test items, in one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.files import read_file
from tlbench.records.published_records import LARGEST_FILE, REMEDY, is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

PREDICTIONS_FILE = "predictions.safetensors"

#: By run key the class ids of the test items at the last step, in the order of the domain's test split.
Predictions = Mapping[str, NDArray[Any]]


def read_predictions(folder: Path, records: Iterable[Record]) -> Predictions:
    """The predictions of these runs, of those that have any, in a results folder or a published one.

    Raises `TlbenchError` for a published file that is damaged.
    """
    return _published(folder / PREDICTIONS_FILE) if is_published(folder) else _stored(folder, records)


def predictions_bytes(predictions: Predictions) -> bytes:
    """The file; equal predictions are equal bytes."""
    from safetensors.numpy import save

    whole = {key: np.ascontiguousarray(predictions[key]) for key in sorted(predictions)}
    content: bytes = save(whole)
    return content


def _published(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found: dict[str, NDArray[Any]] = load(read_file(path, LARGEST_FILE))
    except FileNotFoundError:
        return {}
    except (OSError, SafetensorError) as error:
        raise TlbenchError(f"damaged predictions {path}: {error}; {REMEDY}") from error
    return found


def _stored(folder: Path, records: Iterable[Record]) -> dict[str, NDArray[Any]]:
    results = ResultFolder(folder.parent, folder.name)
    found = {}
    for record in records:
        arrays = results.predictions(record.run_key) if record.status == "ok" and record.checkpoints else None
        last = f"{record.checkpoints[-1]}/test" if record.checkpoints else ""
        if arrays and last in arrays:
            found[record.run_key] = arrays[last]
    return found
