"""Where the jobs of a session are written: a folder of its own in the cache, which goes with it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class JobFolders:
    """The folders of this process's jobs."""

    def __init__(self, cache: Path) -> None:
        self._all = cache / "jobs"
        self._own = self._all / str(os.getpid())

    def of(self, key: str) -> Path:
        """The folder of one job, which may not be there yet."""
        return self._own / key

    def remove(self) -> None:
        """Remove those of this process."""
        shutil.rmtree(self._own, ignore_errors=True)

    def clean(self) -> None:
        """Remove what an earlier session of this process left, and the jobs of sessions that were killed."""
        for folder in self._all.glob("[0-9]*"):
            if folder.name.isdecimal() and (folder == self._own or not _alive(int(folder.name))):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
