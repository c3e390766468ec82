"""Predictions on disk beside a record: arrays by name, with a digest that ties them to their run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
_DIGEST = "sha256"


def save_predictions(path: Path, key: str, arrays: Arrays) -> None:
    """Write them. Raises `OSError` where that cannot be done."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    try:
        save_file(whole, path, metadata={_DIGEST: _digest(key, whole)})
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load_predictions(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """The arrays; None where there is no file of them, or it has changed since it was written, or is of another run.

    A file without a digest, as earlier versions wrote them, is read as it is.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if not path.is_file():
            return None
        with safe_open(path, framework="np") as file:
            arrays: dict[str, NDArray[Any]] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            digest = (file.metadata() or {}).get(_DIGEST)
    except (OSError, SafetensorError, ValueError, TypeError, OverflowError, MemoryError):
        return None
    return arrays if digest in (None, _digest(key, arrays)) else None


def _digest(key: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
