"""Memory that C libraries free: kept for the next step rather than given back to the system.

A network takes and frees the same large blocks step after step. Given back each time, every page of them is a fault in
the kernel at the next touch. On one core (glibc 2.36, MobileNetV2, images of 96 pixels) keeping them made 1.7 times
the training steps a second for 4 % more memory, and in inference 1.2 to 2.2 times the images.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

#: Parameters of `mallopt` in malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: Blocks below the first come from the heap, whose end is kept up to the second, in bytes: practically always.
KEPT_BLOCK, KEPT_END = 2**30, 2**31 - 1
#: What glibc arrives at by itself when large blocks have been freed.
_USUAL_BLOCK, _USUAL_END = 2**25, 2**26


def keep_freed_memory(environment: Mapping[str, str] = os.environ) -> bool:
    """Have this process, and those forked from it, keep what they free. Whether it could be done.

    It is left to the user where `MALLOC_…` or `GLIBC_TUNABLES` is set, and to allocators that are no glibc's.
    """
    return _is_ours(environment) and _set(KEPT_BLOCK, KEPT_END)


@contextmanager
def freed_memory_kept(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """The same for a while; what is free at the end is given back."""
    kept = keep_freed_memory(environment)
    try:
        yield
    finally:
        if kept:
            _set(_USUAL_BLOCK, _USUAL_END)
            _library().malloc_trim(0)


def _is_ours(environment: Mapping[str, str]) -> bool:
    return not any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in environment)


def _set(block: int, end: int) -> bool:
    library = _library()
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(_MMAP_THRESHOLD, block)) and bool(library.mallopt(_TRIM_THRESHOLD, end))


def _library() -> Any:
    """The C library of this process."""
    return ctypes.CDLL(None)
