"""Where caches live, and how a file is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
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


class UnfitFile(TlbenchError):
    """What stands where a file should be is none, or cannot be read, or is too large; the message says which."""


def read_file(path: Path, largest: int) -> bytes:
    """The content of a regular file of at most so many bytes; links to one are followed.

    Raises `FileNotFoundError` where there is nothing, and `UnfitFile` for anything else: a folder, a pipe on which a
    reader would wait for ever, a link that leads to itself. `MemoryError` and the like pass.
    """
    try:
        if (kind := _kind(path.stat().st_mode)) is not None:
            raise UnfitFile(f"{path} is {kind}, not a file")
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            size = os.fstat(file.fileno()).st_size
            # Not more at once than there is: room for all that may be read would be taken at once.
            content = file.read(size + 1) if size <= largest else b""
            while len(content) > size and len(content) <= largest and (more := file.read(2**20)):
                content += more
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a null byte; RuntimeError: a loop of links
        raise UnfitFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if size > largest or len(content) > largest:
        raise UnfitFile(f"{path} has {max(size, len(content)):,} bytes; at most {largest:,} are read")
    return content


def _kind(mode: int) -> str | None:
    """What a place that is no regular file is."""
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    if stat.S_ISREG(mode):
        return None
    return next((name for asks, name in kinds.items() if asks(mode)), "a device")


def write_whole(path: Path, write: Callable[[Path], object], *, durable: bool = False) -> None:
    """Let `write` fill a temporary neighbour of `path`, a file or a folder, then move it into place in one step.

    A `durable` file is on the disk, and in its folder, before this returns: a loss of power takes nothing of it back.
    """
    if path.is_symlink():  # a link stays one, and what it leads to is written
        path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        if durable:
            _sync(temporary)
        if path.is_dir():
            _set_aside(path)
        temporary.replace(path)
        if durable:
            _sync(path.parent)
    except OSError as error:
        raise TlbenchError(f"cannot write {path}: {error.strerror or error}{MAKE_ROOM * is_full(error)}") from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        with contextlib.suppress(OSError):  # most often it is not there any more
            temporary.unlink()


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk; some file systems cannot be asked of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(descriptor)


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
