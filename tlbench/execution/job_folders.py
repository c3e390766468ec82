"""Where the jobs of a session are written: a folder of its own in the cache, which goes with it.

jobs/NAME/          a folder for each job, and beside it what its run is tested on
jobs/NAME.lock      locked (flock) as long as the session lives, wherever it runs

A lock ends with the process that holds it, however that ends. The number of a process would not do: another container,
or another machine that shares the cache, has other processes of the same numbers.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from pathlib import Path

from tlbench.execution.evaluation_inputs import evaluation_file

#: Seconds after which folders are removed that nobody can have locked: those of older versions.
_FORGOTTEN = 7 * 24 * 3600


class JobFolders:
    """The folders of one session's jobs."""

    def __init__(self, cache: Path) -> None:
        self._all = cache / "jobs"
        self._own = self._all / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._lock: int | None = None

    def of(self, key: str) -> Path:
        """The folder of one job, which may not be there yet."""
        return self._own / key

    def remove_job(self, key: str) -> None:
        """Remove the folder of one job, and what lies beside it."""
        shutil.rmtree(self.of(key), ignore_errors=True)
        with contextlib.suppress(OSError):
            evaluation_file(self.of(key)).unlink()

    def remove(self) -> None:
        """Remove those of this session."""
        shutil.rmtree(self._own, ignore_errors=True)
        if self._lock is not None:
            _lock_of(self._own).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def clean(self) -> None:
        """Claim a folder for this session, and remove those of sessions that have ended without doing so."""
        if self._lock is None:
            self._all.mkdir(parents=True, exist_ok=True)
            self._lock = _claim(_lock_of(self._own))
        self.clean_ended()

    def clean_ended(self) -> None:
        """Remove the folders of sessions that have ended without doing so."""
        for lock in self._all.glob("*.lock"):
            if lock != _lock_of(self._own):
                _remove_ended(lock)
        for folder in self._all.glob("*"):
            if folder.is_dir() and not _lock_of(folder).exists() and _age(folder) > _FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _claim(path: Path) -> int:
    """A descriptor with the lock on a new file. Where the file system has no locks, others leave it alone anyway."""
    while True:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        os.close(lock)  # somebody took it for one that has ended, before it was locked


def _remove_ended(path: Path) -> None:
    """Remove the folder of a lock that nobody holds."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # removed meanwhile, or of another user
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), path.stat()):
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink(missing_ok=True)
    except OSError:  # held, or there are no locks here and nothing can be known
        return
    finally:
        os.close(lock)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
