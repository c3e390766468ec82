"""A command in a process of its own, so that a plugin which ends the process does not pass for one that passes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

#: What a child that came to its end says, before its exit code.
_CAME_TO_ITS_END = b"end"


def guarded(run: Callable[[], int]) -> int:
    """The exit code of `run`; 1, with a line that says it, where its process ended before it did.

    Where processes cannot be forked it runs in this one.
    """
    if not hasattr(os, "fork"):
        return run()
    sys.stdout.flush()
    sys.stderr.flush()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        os.set_inheritable(writes, False)
        code = run()
        sys.stdout.flush()
        os.write(writes, _CAME_TO_ITS_END)
        sys.exit(code)  # whatever ends with a process, as the template of its runs, ends with this one
    os.close(writes)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the child's, which says so and ends
    try:
        _, status = os.waitpid(child, 0)
    finally:
        signal.signal(signal.SIGINT, before)
    ended = os.read(reads, len(_CAME_TO_ITS_END)) == _CAME_TO_ITS_END
    os.close(reads)
    if ended:
        return os.waitstatus_to_exitcode(status)
    print("tlbench: error: the process ended before the check did: code of a plugin ended it", file=sys.stderr)
    return 1
