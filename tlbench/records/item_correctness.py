"""Which test items each run has right: stored beside its record, and of published suites in one file, a bit an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.records.published_records import REMEDY, is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

CORRECT_FILE = "correct.safetensors"

#: By run key, for the last step: bits packed eight a byte, led by the number of test items in four bytes.
Packed = Mapping[str, NDArray[np.uint8]]


def stored_correct(folder: Path) -> Callable[[str, int], NDArray[Any] | None]:
    """Which test items the run with a key has right after a step; None where that is not stored.

    `folder` is `results/<suite>/`, or a published folder, which has it for the last step of each run alone.
    """
    return _of_published(folder) if is_published(folder) else _of_results(folder)


def packed_correct(folder: Path, records: Mapping[str, Record]) -> Packed:
    """What a published folder stores, from `results/<suite>/` or from the published folder itself."""
    if is_published(folder):
        return _read(folder / CORRECT_FILE)
    look_up = _of_results(folder)
    found = {}
    for key, record in records.items():
        correct = look_up(key, record.checkpoints[-1]) if record.status == "ok" and record.checkpoints else None
        if correct is not None:
            found[key] = pack(correct)
    return found


def look_up(packed: Packed) -> Callable[[str, int], NDArray[Any] | None]:
    """Which test items the run with a key has right after its last step; None where that is not stored."""
    return lambda key, step: unpack(packed[key]) if key in packed else None


def correct_bytes(packed: Packed) -> bytes:
    """The file; equal content is equal bytes."""
    from safetensors.numpy import save

    content: bytes = save({key: np.ascontiguousarray(packed[key]) for key in sorted(packed)})
    return content


def pack(correct: NDArray[Any]) -> NDArray[np.uint8]:
    """Booleans (items,) as bytes."""
    size = np.frombuffer(np.array([len(correct)], "<u4").tobytes(), np.uint8)
    return np.concatenate([size, np.packbits(np.asarray(correct, bool))])


def unpack(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inverse of `pack`."""
    size = int(np.frombuffer(packed[:4].tobytes(), "<u4")[0])
    return np.unpackbits(packed[4:], count=size)


def _of_results(folder: Path) -> Callable[[str, int], NDArray[Any] | None]:
    results = ResultFolder(folder.parent, folder.name)

    @cache
    def correct(key: str, step: int) -> NDArray[Any] | None:
        return (results.predictions(key) or {}).get(f"{step}/correct") if key else None

    return correct


def _of_published(folder: Path) -> Callable[[str, int], NDArray[Any] | None]:
    @cache
    def packed() -> Packed:
        return _read(folder / CORRECT_FILE)

    def correct(key: str, step: int) -> NDArray[Any] | None:
        return look_up(packed())(key, step)

    return correct


def _read(path: Path) -> Packed:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found: dict[str, NDArray[np.uint8]] = load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, SafetensorError) as error:
        raise TlbenchError(f"damaged {path}: {error}; {REMEDY}") from error
    return found
