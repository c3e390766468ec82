"""The life of a supervisor's process: order after order from the template."""

from __future__ import annotations

import contextlib
import json
import os
import signal

from tlbench.execution.process_tree import adopt_orphans, end_with_parent
from tlbench.execution.supervisor import RunProcess, Supervisor
from tlbench.execution.supervisor_signals import Signals


def serve(orders: int, channel: int, run: RunProcess, parent: int) -> None:
    """Keep one run after another, until nobody orders any; each is answered by a dot when nothing of it is left.

    A fork of what the libraries take costs tens of milliseconds, so that a supervisor is made once, and each run once.
    """
    end_with_parent(signal.SIGTERM, parent)  # and with it all that is below
    adopt_orphans()
    signals = Signals()
    rest = b""
    while chunk := _heard(orders):
        rest += chunk
        if rest.endswith(b"\n"):  # one at a time
            signals.asked_to_end = False
            Supervisor(json.loads(rest), channel, orders, signals).keep(run)
            rest = b""
            with contextlib.suppress(BrokenPipeError):
                os.write(orders, b".")


def _heard(orders: int) -> bytes:
    """What comes from the template; nothing once it has ended, before or after it took the last answer."""
    try:
        return os.read(orders, 65536)
    except ConnectionError:
        return b""
