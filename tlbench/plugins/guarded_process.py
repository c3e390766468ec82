"""The host's end of a process in which the code of one plugin runs: what the host asks, and how long it waits.

The process may end, crash or hang, and what it answers may be anything; the host reads JSON of bounded size, and has a
new process made for the next question. Of a plugin that hangs again and again it asks nothing more.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlbench.core.plain_text import plain
from tlbench.core.secret_masking import masked
from tlbench.errors import PluginFailure
from tlbench.plugins.foreign_code import LIMIT_VARIABLE, time_limit
from tlbench.plugins.import_trial import VARIABLE as TRIALS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Bytes of an answer: a metric for each class, or some lines of text.
LARGEST_ANSWER = 8 * 2**20
#: After so many questions in a row without an answer in time, nothing more is asked.
MOST_LATE = 2
#: Before a message its length in bytes.
LENGTH = struct.Struct("!Q")
#: Bytes up to which arrays go through the socket, which takes a switch of processes for each of its buffers.
SMALL = 2**16
#: Characters of a line that a plugin prints.
_LONGEST_LINE = 2000

Message = dict[str, Any]


class PluginProcess:
    """Asks one plugin in a process of its own, which is started when it is needed."""

    def __init__(self, plugin: str, files: Sequence[str]) -> None:
        self.plugin = plugin
        self._files = list(files)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._pump: threading.Thread | None = None
        self._late = 0
        atexit.register(self.close)

    def start(self) -> None:
        """Have the process, and let it import what it will need, without waiting for it."""
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tlbench.plugins.guarded_server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**os.environ, TRIALS: "0"},
                start_new_session=True,  # Ctrl-C is for the host alone
            )
        self._socket = ours
        self._pump = threading.Thread(target=_pass_on, args=(self._process,), daemon=True)
        self._pump.start()
        with contextlib.suppress(OSError):  # gone already: the first question says so
            _send(ours, {"path": sys.path, "files": self._files, "plugin": self.plugin}, b"")

    def ask(self, what: str, question: Message, arrays: Mapping[str, NDArray[np.generic]] | None = None) -> Any:
        """The answer. `what` names what is asked for in messages.

        Raises `PluginFailure` where the plugin fails, ends its process or does not answer in time.
        """
        if self._late >= MOST_LATE:
            raise PluginFailure(f"{what} did not end in time {MOST_LATE} times in a row, and is not asked again")
        limit = time_limit()
        try:
            self.start()
            answer = self._exchange(question, _packed(arrays), time.monotonic() + limit)
        except TimeoutError:
            self._late += 1
            self.close()
            raise PluginFailure(f"{what} did not end within {limit:g} s ({LIMIT_VARIABLE} sets the limit)") from None
        except (OSError, EOFError) as error:
            how = self._how_it_ended()
            self.close()
            raise PluginFailure(f"{what} ended its process {how}") from error
        except ValueError as error:
            self.close()
            raise PluginFailure(f"{what} gave an answer that cannot be read: {error}") from error
        except BaseException:  # Ctrl-C: whatever comes back now answers nothing that will be asked
            self.close()
            raise
        self._late = 0
        if "error" in answer:
            raise PluginFailure(f"{what} failed: {masked(plain(str(answer['error'])))}")
        return answer.get("value")

    def close(self) -> None:
        """End the process, and whatever it has started."""
        atexit.unregister(self.close)
        process, self._process = self._process, None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)  # its channel is closed, and it ends by itself
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._pump is not None:
            self._pump.join(1.0)

    def _exchange(self, question: Message, blob: bytes, until: float) -> Message:
        assert self._socket is not None
        self._socket.settimeout(max(0.01, until - time.monotonic()))
        _send(self._socket, question, blob)
        (size,) = LENGTH.unpack(_received(self._socket, LENGTH.size, until))
        if size > LARGEST_ANSWER:
            raise ValueError(f"it has {size:,} bytes; at most {LARGEST_ANSWER:,} are read")
        try:
            answer = json.loads(_received(self._socket, size, until))
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(answer, dict):
            raise ValueError("it is no table")
        return answer

    def _how_it_ended(self) -> str:
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(2.0)
        if code is None:
            return "without an answer"
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def _packed(arrays: Mapping[str, NDArray[np.generic]] | None) -> bytes:
    if not arrays:
        return b""
    import numpy as np
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def _send(to: socket.socket, message: Message, blob: bytes) -> None:
    """The lengths of a text and of what goes with it, and both; what is large goes as a file in memory, in one step."""
    text = json.dumps(message).encode()
    if len(blob) < SMALL or not hasattr(os, "memfd_create"):
        to.sendall(LENGTH.pack(len(text)) + LENGTH.pack(len(blob)) + text + blob)
        return
    with os.fdopen(os.memfd_create("arrays"), "wb") as file:
        file.write(blob)
        file.flush()
        socket.send_fds(to, [LENGTH.pack(len(text)) + LENGTH.pack(len(blob))], [file.fileno()])
    to.sendall(text)


def _received(source: socket.socket, size: int, until: float) -> bytes:
    parts = []
    while size:
        source.settimeout(max(0.01, until - time.monotonic()))
        part = source.recv(min(size, 2**20))
        if not part:
            raise EOFError("the channel is closed")
        parts.append(part)
        size -= len(part)
        if time.monotonic() > until:
            raise TimeoutError
    return b"".join(parts)


def _pass_on(process: subprocess.Popen[bytes]) -> None:
    """What the plugin prints, line by line, on standard error, as text that moves no terminal and bears no secret."""
    assert process.stdout is not None
    with process.stdout as lines:
        while line := lines.readline(_LONGEST_LINE):
            with contextlib.suppress(OSError, ValueError):  # a reader that has gone
                sys.stderr.write(f"{masked(plain(line.decode(errors='replace').rstrip()))}\n")
