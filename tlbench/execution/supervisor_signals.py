"""What wakes a supervisor beside what its run says."""

from __future__ import annotations

import os
import signal


class Signals:
    """What a supervisor is woken by: the end of a process, and the wish that its run be ended."""

    def __init__(self) -> None:
        self.wake, self._waker = os.pipe()
        self.asked_to_end = False
        for end in (self.wake, self._waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)

    def leave_to_a_run(self) -> None:
        """In a run's process all is as it is by default."""
        signal.set_wakeup_fd(-1)
        for how in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(how, signal.SIG_DFL)
        for end in (self.wake, self._waker):
            os.close(end)

    def _ask(self, *_: object) -> None:
        self.asked_to_end = True
