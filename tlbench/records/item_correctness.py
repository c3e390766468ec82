"""Which test items each run has right: stored beside its record, and of published suites in one file, a bit an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.files import read_file
from tlbench.records.published_records import LARGEST_FILE, REMEDY, is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

CORRECT_FILE = "correct.safetensors"
#: Two means of the same bits differ by less.
ROUNDING = 1e-9

#: By `<run key>/<step>`: bits packed eight a byte, led by the number of test items in four bytes.
Packed = Mapping[str, NDArray[np.uint8]]
#: Which test items the run with a key has right after a step; None where that is not stored.
LookUp = Callable[[str, int], NDArray[Any] | None]


def stored_correct(folder: Path) -> LookUp:
    """Of `results/<suite>/`, or of a published folder, which has the last step and the suite's own protocol's alone."""
    return _of_published(folder) if is_published(folder) else _of_results(folder)


def packed_correct(folder: Path, records: Mapping[str, Record], selection: str) -> Packed:
    """What a published folder stores, from `results/<suite>/` or from the published folder itself.

    Of each run the last step, and the checkpoint that the protocol `selection` chose. Raises `TlbenchError` where a
    published file is damaged, or says of a run what its record does not.
    """
    if is_published(folder):
        packed = _read(folder / CORRECT_FILE)
        _check(folder / CORRECT_FILE, packed, records)
        return packed
    stored = _of_results(folder)
    found = {}
    for key, record in records.items():
        for step in _steps(record, selection):
            correct = stored(key, step)
            if correct is not None:
                found[f"{key}/{step}"] = pack(correct)
    return found


def look_up(packed: Packed) -> LookUp:
    """Of packed bits."""

    def correct(key: str, step: int) -> NDArray[Any] | None:
        bits = packed.get(f"{key}/{step}")
        return None if bits is None else unpack(bits)

    return correct


def correct_bytes(packed: Packed) -> bytes:
    """The file; equal content is equal bytes."""
    from safetensors.numpy import save

    content: bytes = save({name: np.ascontiguousarray(packed[name]) for name in sorted(packed)})
    return content


def pack(correct: NDArray[Any]) -> NDArray[np.uint8]:
    """Booleans (items,) as bytes."""
    size = np.frombuffer(np.array([len(correct)], "<u4").tobytes(), np.uint8)
    return np.concatenate([size, np.packbits(np.asarray(correct, bool))])


def unpack(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inverse of `pack`."""
    size = int(np.frombuffer(packed[:4].tobytes(), "<u4")[0])
    return np.unpackbits(packed[4:], count=size)


def _steps(record: Record, selection: str) -> list[int]:
    if record.status != "ok" or not record.checkpoints:
        return []
    chosen = record.metrics.get(selection, {}).get("checkpoint", record.checkpoints[-1])
    return list(dict.fromkeys([record.checkpoints[-1], int(chosen)]))


def _check(path: Path, packed: Packed, records: Mapping[str, Record]) -> None:
    """The share that is right is the accuracy of the record, where it has one."""
    for name, bits in packed.items():
        key, _, step = name.rpartition("/")
        record = records.get(key)
        if record is None:
            raise TlbenchError(f"damaged {path}: {name!r} is of no run of the plan; {REMEDY}")
        scores = [found.get("accuracy") for found in record.metrics.values() if str(found.get("checkpoint")) == step]
        share = float(unpack(bits).mean())
        if not scores or any(score is not None and abs(score - share) > ROUNDING for score in scores):
            said = f"{name!r} has {share:.4f} of the items right, by its record {scores}"
            raise TlbenchError(f"damaged {path}: {said}; {REMEDY}")


def _of_results(folder: Path) -> LookUp:
    results = ResultFolder(folder.parent, folder.name)

    @cache
    def correct(key: str, step: int) -> NDArray[Any] | None:
        return (results.predictions(key) or {}).get(f"{step}/correct") if key else None

    return correct


def _of_published(folder: Path) -> LookUp:
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
        found: dict[str, NDArray[np.uint8]] = load(read_file(path, LARGEST_FILE))
    except FileNotFoundError:
        return {}
    except (OSError, SafetensorError) as error:
        raise TlbenchError(f"damaged {path}: {error}; {REMEDY}") from error
    return found
