"""Files with weights: which are read, and what tells one from another. Light: no torch until one is loaded.

A file is `.safetensors`, or `.pt` or `.pth` as `torch.save(model.state_dict(), FILE)` writes it. The latter is read by
`torch.load(weights_only=True)` and by nothing else, so that no file can run code.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from torch import Tensor, nn

SUFFIXES = (".safetensors", ".pt", ".pth")
#: So many tensors of each kind of misfit are named.
NAMED = 3


def need_file(file: Path) -> None:
    """Raise `TlbenchError` where a file has another format or is not there."""
    if file.suffix not in SUFFIXES:
        message = f"{str(file)!r} is no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file, and weights are read from "
        raise TlbenchError(f"{message}no other; convert it with safetensors.torch.save_file(state_dict, FILE)")
    if not file.is_file():
        raise TlbenchError(f"the weight file {str(file)!r} does not exist (looked for in {Path.cwd()})")


def revision_of(file: Path) -> str:
    """The file's content as a short hash. Raises `TlbenchError` as `need_file` does."""
    need_file(file)
    return f"sha256:{digest_of(file)[:16]}"


def digest_of(file: Path) -> str:
    """The SHA-256 of a file's content in hex digits, read once as long as size and time stay."""
    stat = file.stat()
    return _digest(file.resolve(), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache
def _digest(file: Path, size: int, modified_ns: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def load_strictly(network: nn.Module, file: Path, whose: str, heads: Sequence[str] = ()) -> None:
    """Load a file into a network whose classifiers, called `heads` in the file, are dropped.

    Every weight of the network must be in the file and fit, and the file must hold no other. Raises `TlbenchError`,
    one for all that does not; `whose` names the network in it.
    """
    weights = {key: value for key, value in _read(file).items() if not key.startswith(tuple(f"{h}." for h in heads))}
    if faults := _misfits(weights, network.state_dict()):
        message = f"the weight file {str(file)!r} does not fit {whose}: {'; '.join(faults)}"
        raise TlbenchError(f"{message}. Name the model that it was saved from, with its arguments")
    network.load_state_dict(weights, strict=True)


def first_line(error: Exception) -> str:
    """An error's type and the first line of what it says."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0].rstrip('.')}" if text else type(error).__name__


def _read(file: Path) -> Mapping[str, Tensor]:
    need_file(file)
    from safetensors.torch import load_file

    try:
        return load_file(file) if file.suffix == ".safetensors" else _unpickled(file)
    except TlbenchError:
        raise
    except Exception as error:  # whatever damaged files bring about in the libraries
        message = f"cannot read the weight file {str(file)!r}: {first_line(error)}"
        raise TlbenchError(f"{message}; where it was cut short, get it again") from error


def _unpickled(file: Path) -> Mapping[str, Tensor]:
    """A state dict, or the one under `state_dict` in a checkpoint."""
    import pickle

    import torch

    try:
        content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        message = f"the weight file {str(file)!r} is damaged, or holds more than tensors, which loading could execute; "
        raise TlbenchError(f"{message}save the model's state_dict() alone, best as .safetensors") from error
    content = content.get("state_dict", content) if isinstance(content, Mapping) else content
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        message = f"the weight file {str(file)!r} holds no state dict, that is, tensors by name; "
        raise TlbenchError(f"{message}write one with torch.save(model.state_dict(), FILE)")
    return {str(key): value for key, value in content.items()}


def _misfits(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """What a strict load would refuse, the first few of each kind by name."""
    kinds = {
        "missing": [key for key in own if key not in weights],
        "not the model's": [key for key in weights if key not in own],
        "of another shape": [
            f"{key} is {tuple(weights[key].shape)} for {tuple(value.shape)}"
            for key, value in own.items()
            if key in weights and weights[key].shape != value.shape
        ],
    }
    return [
        f"{len(found)} of its weights are {kind}, as {', '.join(found[:NAMED])}"
        for kind, found in kinds.items()
        if found
    ]
