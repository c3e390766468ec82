"""Files with weights: which are read, and what tells one from another. Light: no torch until one is loaded.

A file is `.safetensors`, or `.pt`, `.pth`, `.pth.tar`, `.ckpt` or `.bin` as `torch.save` writes it: a state dict, or a
checkpoint that holds one. The latter are read by `torch.load(weights_only=True)` and by nothing else, so that no file
can run code.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.core.library_warnings import hidden
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from torch import Tensor, nn

SUFFIXES = (".safetensors", ".pt", ".pth", ".tar", ".ckpt", ".bin")
#: What programs call the weights within a checkpoint, those first that count where several are there: averages of
#: weights and the like stand beside them.
ENTRIES = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "module", "backbone", "encoder")


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


def load_strictly(
    network: nn.Module,
    file: Path,
    whose: str,
    heads: Sequence[str] = (),
    convert: Callable[[dict[str, Tensor]], Mapping[str, Tensor]] | None = None,
) -> list[str]:
    """Load a file into a network whose classifiers, called `heads` in the file, are dropped; notes on what was done.

    Every weight of the network must be in the file and fit, and the file must hold no other. A prefix that all keys
    have is taken off. `convert` is how the network's library brings weights of other image sizes, or with older names,
    into its form; it is asked where the file does not fit as it is. Raises `TlbenchError`, one for all that does not
    fit; `whose` names the network in it.
    """
    from tlbench_backbones.shared.weight_fitting import fitted

    content, notes = _read(file)
    weights, more = fitted(content, network.state_dict(), heads, convert, f"the weight file {str(file)!r}", whose)
    network.load_state_dict(weights, strict=True)
    return [*notes, *more]


def first_line(error: Exception) -> str:
    """An error's type and the first line of what it says."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0].rstrip('.')}" if text else type(error).__name__


def _read(file: Path) -> tuple[dict[str, Tensor], list[str]]:
    need_file(file)
    from safetensors.torch import load_file

    try:
        return (dict(load_file(file)), []) if file.suffix == ".safetensors" else _unpickled(file)
    except TlbenchError:
        raise
    except Exception as error:  # whatever damaged files bring about in the libraries
        message = f"cannot read the weight file {str(file)!r}: {first_line(error)}"
        raise TlbenchError(f"{message}; where it was cut short, get it again") from error


def _unpickled(file: Path) -> tuple[dict[str, Tensor], list[str]]:
    """A state dict, or the one within a checkpoint, and a note on where it was."""
    import pickle

    import torch

    try:
        with torch.serialization.safe_globals(_plain_data()), hidden():  # what is wrong is said below
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        if reason := _no_plain_data(str(error)):
            raise TlbenchError(f"the weight file {str(file)!r} {reason}") from error
        raise
    entry, weights, beside = _state_dict(content, ())
    if weights is None:
        message = f"the weight file {str(file)!r} holds no state dict, that is, tensors by name"
        if beside:
            message = f"the weight file {str(file)!r} holds several state dicts ({', '.join(beside)})"
            raise TlbenchError(f"{message}; write the one that is meant with torch.save(state_dict, FILE)")
        raise TlbenchError(f"{message}; write one with torch.save(model.state_dict(), FILE)")
    notes = [f"the weights are the file's entry {entry!r}"] if entry else []
    if beside:
        notes = [f"{notes[0]}; beside it, and not read: {', '.join(map(repr, beside))}"]
    return {str(key): value for key, value in weights.items()}, notes


def _plain_data() -> list[Any]:
    """What checkpoints hold beside tensors and is data alone: arguments of a script, and single numbers of NumPy."""
    import _codecs
    import argparse

    import numpy as np

    numbers = [np.dtype(kind) for kind in "?bhilqBHILQefd"]
    make_number = np.float64(0).__reduce__()[0]
    return [argparse.Namespace, make_number, np.dtype, *{type(kind) for kind in numbers}, _codecs.encode]


def _no_plain_data(text: str) -> str | None:
    """Why a file cannot be read without running code; None where it is something else that is wrong."""
    alone = "save the model's state_dict() alone, best as .safetensors"
    if "TorchScript" in text:
        return f"is a program of TorchScript, and loading it could execute code; {alone}"
    if named := re.search(r"GLOBAL (\S+)", text):
        return f"holds more than tensors, namely {named[1]!r}, and loading it could execute code; {alone}"
    if "weights_only" in text or "Weights only load failed" in text:
        return f"is damaged, or holds more than tensors, which loading could execute; {alone}"
    return None


def _state_dict(content: Any, path: tuple[str, ...]) -> tuple[str, Mapping[Any, Any] | None, list[str]]:
    """Where in a checkpoint the weights are, the weights, and what other state dicts are beside them.

    None for the weights where there are none, or where none of several is called as in `ENTRIES`.
    """
    if _is_state_dict(content):
        return ".".join(path), content, []
    if not isinstance(content, Mapping):
        return "", None, []
    named = [key for key in ENTRIES if key in content and _state_dict(content[key], ())[1] is not None]
    others = [str(key) for key, value in content.items() if key not in named and _is_state_dict(value)]
    if not named and len(others) != 1:
        return "", None, others
    first, *rest = named or others
    entry, weights, beside = _state_dict(content[first], (*path, first))
    return entry, weights, [*beside, *rest, *(others if named else [])]


def _is_state_dict(content: Any) -> bool:
    from torch import Tensor

    if not isinstance(content, Mapping) or not content:
        return False
    # The state of an optimiser is tensors by name too, but without the names of layers.
    return all(isinstance(value, Tensor) for value in content.values()) and any("." in str(key) for key in content)
