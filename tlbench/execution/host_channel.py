"""The channel from the template and the supervisors to the host: lines of JSON, which runs cannot write."""

from __future__ import annotations

import contextlib
import json
import os
import select
from typing import Any


def send_line(channel: int, message: dict[str, Any], *, droppable: bool = False) -> None:
    """One write per line: below PIPE_BUF it is atomic, so lines of several processes never mix.

    Where the host is too busy to read, what is droppable is dropped, and everything else waits.
    """
    line = (json.dumps(message) + "\n").encode()
    with contextlib.suppress(BrokenPipeError):
        while True:
            try:
                os.write(channel, line)
            except BlockingIOError:
                if droppable:
                    return
                poll = select.poll()
                poll.register(channel, select.POLLOUT)
                poll.poll(1000)
            else:
                return
