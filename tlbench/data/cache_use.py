"""Which entries of the cache are in use, and since when others are not: a lock that each process holds while it lives.

FOLDER/.used    locked (flock, shared) by who uses the folder; its time is that of the last use
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

MARK = ".used"

_held: dict[Path, int] = {}


def use(folder: Path) -> None:
    """Say that this process uses a folder from now on, for as long as it lives."""
    mark = folder / MARK
    with contextlib.suppress(OSError):  # one that cannot be written to is nobody's to remove
        held = _held.get(folder)
        if held is not None and os.path.samestat(os.fstat(held), mark.stat()):
            return
    with contextlib.suppress(OSError):
        lock = os.open(mark, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # not to be had: it is being removed
        os.utime(lock)
        _held[folder] = lock


def last_used(folder: Path) -> float:
    """When a folder was last used, in seconds since 1970."""
    for path in (folder / MARK, folder):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def in_use(folder: Path) -> bool:
    """Whether a process uses a folder, here or elsewhere."""
    return _exclusive(folder, remove=())


def remove_unused(folder: Path, others: Sequence[Path] = ()) -> bool:
    """Remove a folder, and `others` with it, unless somebody uses it; whether it is gone."""
    return not _exclusive(folder, remove=(folder, *others))


def _exclusive(folder: Path, remove: Sequence[Path]) -> bool:
    """Remove paths where a folder is not in use; whether it is."""
    lock = None
    create = os.O_CREAT if remove else 0  # asking leaves no mark: its time is that of the last use
    try:
        lock = os.open(folder / MARK, create | os.O_RDWR | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in remove:
            _remove(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    else:
        return False
    finally:
        if lock is not None:
            os.close(lock)


def _remove(path: Path) -> None:
    """First away in one step, so that nobody finds half of it."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
