from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from tlbench.core.allocator import freed_memory_kept, keep_freed_memory

GLIBC = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})
#: Page faults of a process that takes, fills and frees 16 MiB fifty times.
FAULTS = """
    import contextlib, resource
    from tlbench.core import allocator
    with {kept}:
        for _ in range(50):
            bytearray(b"1") * 2**24
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    with {kept}:
        for _ in range(50):
            bytearray(b"1") * 2**24 + bytearray(b"2") * 2**25
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.parametrize("variable", ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_what_a_user_has_set_is_left_alone(variable):
    assert not keep_freed_memory({variable: "1"})
    with freed_memory_kept({variable: "1"}):
        pass


@pytest.mark.skipif(not GLIBC, reason="the C library is another one, whose allocator is left as it is")
def test_blocks_that_are_freed_are_not_faulted_in_again():
    assert 3 * page_faults("allocator.freed_memory_kept({})") < page_faults("contextlib.nullcontext()")


def page_faults(kept):
    script = dedent(FAULTS.format(kept=kept))
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)
