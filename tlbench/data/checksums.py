"""Checksums of what lies in the cache, by which damage is found before it becomes a result.

FOLDER/checksums.json    by file SHA-256, size and times, and a hash of all these hashes

A file is read once by a process, before its content is used; a large one only where its size or its times are not those
of the last reading. They find accidents, and writers that do not know of them; that runs cannot write here at all is
the sandbox's part.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.files import write_whole

CHECKSUMS = "checksums.json"
#: Bytes from which a file is not read again while its size and times are the same.
LARGE = 64 * 2**20
#: Part of the names of what was set aside.
DAMAGED = ".damaged-"

#: By file the state in which this process has read it and found it whole.
_read: dict[Path, tuple[int, int, int]] = {}
#: Hash, size, and the times of change of content and of the file.
Entry = list[Any]


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write the checksums of files, or of folders of files, that lie in a folder; they are trusted as they are now."""
    files = {name: _entry(folder / name) for name in _flat(folder, names)}
    _write(folder, files)


def faults(folder: Path, *, thorough: bool = False) -> dict[str, str]:
    """What is wrong with the files of a folder, by name; `thorough` reads all of them whatever was read before.

    A folder without checksums has the one fault `CHECKSUMS`.
    """
    try:
        files = _load(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = isinstance(error, FileNotFoundError)
        return {CHECKSUMS: "is not there" if missing else "is damaged"}
    found: dict[str, str] = {}
    changed = False
    for name, entry in files.items():
        fault, moved = _fault(folder / name, entry, thorough)
        changed |= moved
        if fault:
            found[name] = fault
    if changed and not found:
        with contextlib.suppress(TlbenchError):  # a cache that cannot be written to is read again the next time
            _write(folder, files)
    return found


def sound_names(folder: Path) -> set[str]:
    """The top-level names in a folder that have checksums and are whole."""
    found = faults(folder)
    if CHECKSUMS in found:
        return set()
    bad = {name.partition("/")[0] for name in found}
    return {name.partition("/")[0] for name in _load(folder)} - bad


def set_aside_damaged(folder: Path) -> bool:
    """Rename what is damaged in a folder, with a note; whether all is whole. What was written before is left there."""
    found = faults(folder)
    for name in dict.fromkeys(name.partition("/")[0] for name in found):
        path = folder / name
        if path.exists():
            set_aside(path, next(fault for part, fault in found.items() if part.partition("/")[0] == name))
    return not found


def set_aside(path: Path, fault: str) -> None:
    """Rename a damaged file or folder, so that it is made again, and say so."""
    aside = path.with_name(f"{path.name}{DAMAGED}{uuid.uuid4().hex[:8]}")
    path.replace(aside)
    sys.stderr.write(f"note: cache: {path} {fault}; it is set aside as {aside.name} and made again\n")


def is_aside(path: Path) -> bool:
    """Whether a path is of what was set aside."""
    return DAMAGED in path.name


def _fault(path: Path, entry: Entry, thorough: bool) -> tuple[str, bool]:
    """What is wrong with a file, if anything, and whether its times have changed although its content has not."""
    digest, size, *times = entry
    try:
        state = _state(path)
        if state[0] != size:
            return f"has {state[0]} bytes of {size}", False
        if not thorough and (_read.get(path) == state or (size >= LARGE and list(state[1:]) == times)):
            return "", False
        if _digest(path) != digest:
            return "has another content than was written", False
    except OSError as error:
        return f"cannot be read ({error.strerror})", False
    _read[path] = state
    entry[2:] = state[1:]
    return "", list(state[1:]) != times and size >= LARGE


def _entry(path: Path) -> Entry:
    state = _state(path)
    _read[path] = state
    return [_digest(path), *state]


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flat(folder: Path, names: Iterable[str]) -> Iterable[str]:
    for name in sorted(names):
        path = folder / name
        inner = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (str(file.relative_to(folder)) for file in inner if file.is_file())


def _write(folder: Path, files: dict[str, Entry]) -> None:
    content = json.dumps({"files": files, "sha256": _of_all(files)})
    write_whole(folder / CHECKSUMS, lambda to: to.write_text(content))


def _load(folder: Path) -> dict[str, Entry]:
    content = json.loads((folder / CHECKSUMS).read_text())
    files: dict[str, Entry] = content["files"]
    if content["sha256"] != _of_all(files):
        raise ValueError("the hash of the hashes is another")
    return files


def _of_all(files: dict[str, Entry]) -> str:
    parts = sorted((name, entry[0], entry[1]) for name, entry in files.items())
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
