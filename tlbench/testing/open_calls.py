"""Every file that a process tries to open, and whatever it starts: threads, other programs, calls into the C library.

The kernel tells (seccomp user notifications, https://docs.kernel.org/userspace-api/seccomp_filter.html) and waits for
leave, which is always given: what may be opened is the sandbox's business. Linux 5.5 or later; `watch` says whether.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import select
import struct
import sys
from collections.abc import Callable

#: By machine: its number in audit headers, the system call seccomp, and those that open files (open, openat, openat2)
#: with the place of the path among their arguments.
_MACHINES: dict[str, tuple[int, int, dict[int, int]]] = {
    "x86_64": (0xC000003E, 317, {2: 0, 257: 1, 437: 1}),
    "aarch64": (0xC00000B7, 277, {56: 1, 437: 1}),
}
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_PR_SET_NO_NEW_PRIVS = 38
# linux/seccomp.h: what a filter answers, and the two requests of a listener.
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION, _RESPONSE = "=QIIiIQ6Q", "=QqiI"
_CONTINUE = 1
_PATH_MAX = 4096


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def watch() -> int | None:
    """Have the kernel tell of this process's opens: a listener for another process; None where it cannot."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or not sys.platform.startswith("linux"):
        return None
    audit, seccomp, calls = machine
    code = _filter(audit, list(calls))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = _Program(len(code) // 8, code)
    listener = int(libc.syscall(seccomp, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program)))
    return listener if listener >= 0 else None


def _filter(audit: int, calls: list[int]) -> bytes:
    """A program for the kernel (classic BPF): tell of these calls, allow all others."""
    load, equal, give = 0x20, 0x15, 0x06
    last = len(calls)
    jumps = [(equal, last - at, 0, number) for at, number in enumerate(calls)]
    steps = [(load, 0, 0, 4), (equal, 1, 0, audit), (give, 0, 0, _ALLOW), (load, 0, 0, 0), *jumps]
    steps += [(give, 0, 0, _ALLOW), (give, 0, 0, _NOTIFY)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def listen(listener: int, hear: Callable[[int, str], None]) -> None:
    """Tell of each open, by process and path, until the last process that is watched has ended."""
    calls = _MACHINES[platform.machine()][2]
    ready = select.poll()
    ready.register(listener, select.POLLIN)
    while any(event & select.POLLIN for _, event in ready.poll()):
        try:
            given = bytearray(struct.calcsize(_NOTIFICATION))
            fcntl.ioctl(listener, _RECEIVE, given)
            number, process, _, call, _, _, *arguments = struct.unpack(_NOTIFICATION, given)
            hear(process, _text(process, arguments[calls[call]]))
            fcntl.ioctl(listener, _SEND, struct.pack(_RESPONSE, number, 0, 0, _CONTINUE))
        except OSError:  # it was killed meanwhile
            continue


def _text(process: int, address: int) -> str:
    """The path at an address of a process; empty where it cannot be read."""
    try:
        with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
            memory.seek(address)
            found = b""
            while b"\0" not in found and len(found) < _PATH_MAX:
                piece = memory.read(256 - address % 256 if not found else 256)  # never over the end of a page
                if not piece:
                    break
                found += piece
            return os.fsdecode(found.partition(b"\0")[0])
    except (OSError, ValueError, OverflowError):
        return ""
