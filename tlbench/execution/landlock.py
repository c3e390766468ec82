"""Landlock, by which a Linux process gives up rights for good: https://docs.kernel.org/userspace-api/landlock.html

An ordinary user may do it, and everything that the process starts afterwards is bound as it is. What a kernel can take
away is told by the number of its interface (ABI); 0 here where it has none.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import stat
import struct
import sys
from collections.abc import Iterable

#: The same on every architecture that Python's wheels of torch exist for (asm-generic/unistd.h).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1  # flag of landlock_create_ruleset: only tell the ABI
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

# Rights on files, linux/landlock.h.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_REFER, _TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
#: To read and run what is there.
READ = EXECUTE | READ_FILE | READ_DIR
#: To read, write, make and remove.
WRITE = READ | WRITE_FILE | _REMOVE_AND_MAKE | _REFER | _TRUNCATE
#: To use a device.
DEVICE = READ_FILE | WRITE_FILE | READ_DIR | _TRUNCATE | IOCTL_DEV
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | IOCTL_DEV
#: By ABI, the first bit that it does not know yet.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_FILE_RIGHTS = 16
#: TCP: bind and connect (ABI 4). Outside the process and what it starts: abstract Unix sockets and signals (ABI 6).
_TCP, _OUTSIDE = 0b11, 0b11
TCP_SINCE, SIGNALS_SINCE = 4, 6

#: A path, and what may be done with it and with all that is beneath it.
Rule = tuple[str, int]


@functools.cache
def abi() -> int:
    """The ABI of this kernel's Landlock; 0 where there is none, or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    found = int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION))
    return max(found, 0)


def ruleset(rules: Iterable[Rule], version: int | None = None) -> int:
    """A file descriptor of what is to be allowed; paths that are not there are left out.

    With files goes what the ABI covers beside them. Raises `OSError` where the kernel refuses.
    """
    version = abi() if version is None else version
    handled = (1 << _FILE_RIGHTS.get(version, _ALL_FILE_RIGHTS)) - 1
    net = _TCP if version >= TCP_SINCE else 0
    outside = _OUTSIDE if version >= SIGNALS_SINCE else 0
    size = 24 if version >= SIGNALS_SINCE else 16 if version >= TCP_SINCE else 8
    attributes = struct.pack("=QQQ", handled, net, outside)
    made = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    try:
        for path, rights in rules:
            _allow(made, path, rights & handled)
    except BaseException:
        os.close(made)
        raise
    return made


def enforce(made: int) -> None:
    """Take from this thread, and from all that it starts, what a ruleset does not allow; of several, each counts.

    Raises `OSError` where the kernel refuses.
    """
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    _call(_RESTRICT_SELF, made, 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # nothing to be had there
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= _OF_A_FILE
            if rights:
                _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
        finally:
            os.close(place)


def _call(number: int, *arguments: object) -> int:
    done = int(_libc().syscall(number, *arguments))
    if done < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return done


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
