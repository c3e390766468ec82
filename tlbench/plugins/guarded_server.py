"""The process in which the code of one plugin runs for the host: it answers questions until its channel is closed."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

from tlbench.plugins.foreign_code import described
from tlbench.plugins.guarded_process import LENGTH
from tlbench.plugins.manager import PluginHost

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(channel: int) -> None:
    """Answer until the host closes the channel."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.set_inheritable(channel, False)
    with socket.socket(fileno=channel) as host, contextlib.suppress(EOFError, OSError):
        first, _ = _question(host)
        sys.path[:] = first["path"]
        server = _Server(first["plugin"], first["files"])
        while True:
            _answer(host, server.reply(*_question(host)))
    os._exit(0)  # threads that a plugin has left behind keep nothing waiting


class _Server:
    def __init__(self, plugin: str, files: list[str]) -> None:
        self._plugin = plugin
        self._files = files
        self._host: PluginHost | None = None

    def reply(self, question: dict[str, Any], blob: bytes) -> dict[str, Any]:
        """What a question gives: `value`, or `error` with what was raised."""
        try:
            self._host = self._host or PluginHost(self._files)
            with contextlib.redirect_stdout(sys.stderr):
                return {"value": getattr(self, f"_{question['call']}")(self._host, blob, **question["with"])}
        except BaseException as error:
            return {"error": described(error)}

    def _load(self, host: PluginHost, blob: bytes, kind: str, name: str) -> None:
        host.find(kind, name)[0].load()

    def _metric(self, host: PluginHost, blob: bytes, name: str) -> Any:
        from safetensors.numpy import load

        arrays = load(blob)
        for array in arrays.values():
            array.flags.writeable = False
        value = host.find("metrics", name)[0].load()(arrays["labels"], arrays["logits"])
        return value.tolist() if hasattr(value, "tolist") else _number_or_list(value)

    def _health(self, host: PluginHost, blob: bytes, name: str, curve: Any, params: Mapping[str, Any]) -> Any:
        strategy = host.find("strategies", name)[0].load()
        found = strategy.health(curve, strategy.Params(**params))
        if not isinstance(found, list):
            raise TypeError(f"health() gave a {type(found).__name__}; a list of tlbench.Health is expected")
        return [_plain_health(item) for item in found]

    def _hook(self, host: PluginHost, blob: bytes, hook: str, arguments: Mapping[str, Any]) -> None:
        for implementation in host.listeners(hook):
            if implementation.plugin_name == self._plugin:
                implementation.function(**{name: arguments[name] for name in implementation.argnames})


def _plain_health(item: Any) -> dict[str, Any]:
    from tlbench.core.health import Health

    if not isinstance(item, Health) or not isinstance(item.text, str):
        raise TypeError(f"health() gave {item!r} in its list; tlbench.Health(text, ok) is expected")
    return {"text": item.text, "ok": bool(item.ok)}


def _number_or_list(value: Any) -> Any:
    """Raises `TypeError` for what is neither a number nor a list."""
    if not isinstance(value, bool | int | float | list):
        raise TypeError(f"it gave a {type(value).__name__}; a number, or a list of numbers, is expected")
    return value


def _question(host: socket.socket) -> tuple[dict[str, Any], bytes]:
    sizes, files, _, _ = socket.recv_fds(host, 2 * LENGTH.size, 1)
    if not sizes:
        raise EOFError
    sizes += _received(host, 2 * LENGTH.size - len(sizes))
    text, blob = (LENGTH.unpack(part)[0] for part in (sizes[: LENGTH.size], sizes[LENGTH.size :]))
    question = json.loads(_received(host, text))
    if not files:
        return question, _received(host, blob)
    with os.fdopen(files[0], "rb") as file:
        file.seek(0)
        return question, file.read(blob)


def _received(host: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = host.recv(min(size - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _answer(host: socket.socket, answer: dict[str, Any]) -> None:
    try:
        text = json.dumps(answer).encode()
    except BaseException as error:  # a value that JSON does not know
        text = json.dumps({"error": described(error)}).encode()
    host.sendall(LENGTH.pack(len(text)) + text)


if __name__ == "__main__":
    main(int(sys.argv[1]))
