"""What a plugin must leave alone: the state of its process, files, and the memory of others."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

#: Events by which Python tells that somebody goes through all objects of a process.
_SEARCHES = ("gc.get_objects", "gc.get_referrers", "gc.get_referents")
#: How the folders begin in which the bench keeps the weights of source models.
OWN_FOLDERS = "tlbench-check-"
#: Ends of names of files that hold data, and so perhaps labels.
_DATA: tuple[str, ...] = (
    ".npy",
    ".npz",
    ".csv",
    ".tsv",
    ".parquet",
    ".arrow",
    ".h5",
    ".mat",
    ".gz",
    ".bz2",
    ".svmlight",
    ".parsed",
)
_DATA += ("/proc/self/mem",)
#: Such files hold data too, but those of an installed library hold its settings and weights.
_DATA_OUTSIDE = (".pkl", ".pt", ".json", ".jsonl", ".safetensors", ".txt", ".xml")


@contextmanager
def as_they_were() -> Iterator[list[str]]:
    """A list that is filled, at the end of the block, with what is no longer as it was; and then put right again."""
    changed: list[str] = []
    home, before, environment = Path.cwd(), _state(), dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield changed
        finally:
            after = _state()
            changed += [
                f"{name} from {before[name]} to {after[name]}" for name in before if before[name] != after[name]
            ]
            changed += ["the current folder"] if Path.cwd() != Path(folder).resolve() else []
            changed += _differences(environment, dict(os.environ))
            changed += [f"the file {path.name}, which it writes" for path in Path(folder).iterdir()]
            os.chdir(home)
            _restore(before, environment)


def _state() -> dict[str, Any]:
    return {
        "the number of threads": torch.get_num_threads(),
        "the default type": torch.get_default_dtype(),
        "gradient mode": torch.is_grad_enabled(),
        "deterministic mode": torch.are_deterministic_algorithms_enabled(),
    }


def _differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"the environment variable {name}" for name in names]


def _restore(state: dict[str, Any], environment: dict[str, str]) -> None:
    torch.set_num_threads(state["the number of threads"])
    torch.set_default_dtype(state["the default type"])
    torch.set_grad_enabled(state["gradient mode"])
    torch.use_deterministic_algorithms(state["deterministic mode"])
    os.environ.clear()
    os.environ.update(environment)


class _Watch:
    """Hears Python's audit events while it is on. An audit hook cannot be taken away, so there is one for all."""

    def __init__(self) -> None:
        self.heard: list[str] | None = None
        self._thread = 0
        self._installed = False

    def start(self) -> list[str]:
        if not self._installed:
            sys.addaudithook(self._hear)
            self._installed = True
        self.heard, self._thread = [], threading.get_ident()
        return self.heard

    def stop(self) -> None:
        self.heard = None

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        heard = self.heard
        if heard is None or threading.get_ident() != self._thread:
            return
        if event in _SEARCHES:
            what = f"calls {event}()"
        elif event == "open" and isinstance(given[0], str | bytes | os.PathLike) and is_data(os.fsdecode(given[0])):
            what = f"opens {os.fsdecode(given[0])}"
        else:
            return
        if what not in heard:
            heard.append(what)


_watch = _Watch()


@contextmanager
def only_allowed_files() -> Iterator[list[str]]:
    """A list that is filled meanwhile with files of data that this thread opens, and searches through memory."""
    _own_folders()  # before listening: from the hook, `gettempdir` would wait for its own lock
    heard = _watch.start()
    try:
        yield heard
    finally:
        _watch.stop()


@cache
def _own_folders() -> str:
    """How the paths of the host's own temporary folders begin."""
    return str(Path(tempfile.gettempdir()) / OWN_FOLDERS)


def is_data(path: str) -> bool:
    """Whether a file may hold data; what Python, its libraries and the host's own temporary folders hold is none."""
    installed = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
    place = str(Path(path).absolute())
    if place.startswith(_own_folders()) or ".dist-info/" in place:  # where libraries look for each other
        return False
    return place.endswith(_DATA) or (place.endswith(_DATA_OUTSIDE) and not place.startswith(installed))
