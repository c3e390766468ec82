"""Where caches live, and how a file is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from tlbench.errors import TlbenchError

#: What to do about a full disk, at the end of a message.
MAKE_ROOM = "; what is done is kept: make room, and the same command goes on"


def cache_folder() -> Path:
    """The cache: `TLBENCH_CACHE` where it is set, else the user's cache folder."""
    named = os.environ.get("TLBENCH_CACHE")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("tlbench", appauthor=False))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour of `path`, a file or a folder, then move it into place in one step."""
    if path.is_symlink():  # a link stays one, and what it leads to is written
        path = path.resolve()
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        if path.is_dir():
            _set_aside(path)
        temporary.replace(path)
    except OSError as error:
        raise TlbenchError(f"cannot write {path}: {error.strerror or error}{MAKE_ROOM * is_full(error)}") from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        with contextlib.suppress(OSError):  # most often it is not there any more
            temporary.unlink()


def _set_aside(folder: Path) -> None:
    """Make room for a folder of the same name. Two that write it at once then end with one of both, whole."""
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.old")
    with contextlib.suppress(FileNotFoundError):  # the other was quicker
        folder.rename(aside)
        shutil.rmtree(aside)


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that a disk or its quota is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        with contextlib.suppress(Exception):  # of an error whose message fails itself
            # NumPy gives no number where it has written a part, and safetensors is written in Rust.
            if re.search(r"No space left on device|\d+ requested and \d+ written", str(error)):
                return True
        error = error.__cause__ or error.__context__
    return False


def has_room(folder: Path, size: int) -> bool:
    """Whether a file of so many bytes can be written in a folder now, by writing it."""
    probe = folder / f".tlbench-{uuid.uuid4().hex[:8]}"
    try:
        with probe.open("wb") as file:
            reserve(file.fileno(), size)
            file.write(b"0" * 4096)
    except OSError as error:
        return not is_full(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return True


def reserve(descriptor: int, size: int) -> None:
    """Claim the disk for an open file now: a full one, met while a map is written, ends the process without a word.

    Raises `OSError` where there is no room.
    """
    if size and hasattr(os, "posix_fallocate"):  # not everywhere
        os.posix_fallocate(descriptor, 0, size)


def make_writable_folder(path: Path, option: str) -> None:
    """Create a folder and try to write in it. Raises `TlbenchError` naming the option that chose it."""
    probe = path / f".tlbench-{uuid.uuid4().hex[:8]}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise TlbenchError(f"cannot write in {path}: {reason}; choose another folder with {option}") from error
