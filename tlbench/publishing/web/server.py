"""A small server of pages for this machine alone: 127.0.0.1, nothing is written, nothing outside is asked or told."""

from __future__ import annotations

import errno
import mimetypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tlbench.errors import TlbenchError
from tlbench.publishing.web.live_page import LivePage

HOST = "127.0.0.1"
#: A page that asked in these last seconds is open, and is told of the end before the server goes.
OPEN_SECONDS = 10.0
#: How long the end waits for that: a page asks every 1.5 s, and one of a long suite is made in some seconds.
PATIENCE = 15.0
#: Seconds without a word after which a connection is dropped, and how many are answered at once.
IDLE_SECONDS = 10.0
MOST_AT_ONCE = 256

#: From a path that begins with a slash to content type and content; None where there is nothing.
Answer = Callable[[str], tuple[str, bytes] | None]


class MovedPage(Exception):
    """What is asked for has another address: relative links of a page need the slash at the end of a folder."""


class PageServer:
    """Answers on a port of 127.0.0.1 from when it is `started`; the port is taken from when it is made.

    Port 0 takes any that is free. Raises `TlbenchError` for one that is taken.
    """

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server((HOST, port), _Handler)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror or error}"
            raise TlbenchError(
                f"port {port} {why}; name another with --port N, or any free one with --port 0"
            ) from error

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    @contextmanager
    def started(self, answer: Answer) -> Iterator[None]:
        """Answer while the block lasts, in a thread of its own."""
        self._server.answer = answer
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self.close()

    def close(self) -> None:
        """Give the port back."""
        self._server.server_close()


def folder_pages(folder: Path) -> Answer:
    """The files of a folder, `index.html` for a folder in it; nothing outside it, wherever a link leads."""
    root = folder.resolve()

    def answer(path: str) -> tuple[str, bytes] | None:
        if any(part.startswith(".") for part in path.split("/")):
            return None
        found = (root / path.lstrip("/")).resolve()
        if found.is_dir() and found.is_relative_to(root):
            if not path.endswith("/"):
                raise MovedPage(f"/{path.lstrip('/')}/")
            found = found / "index.html"
        if not found.resolve().is_relative_to(root) or not found.is_file():
            return None
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return (f"{kind}; charset=utf-8" if kind.startswith("text/") else kind), found.read_bytes()

    return answer


def tell_the_end(page: LivePage) -> None:
    """Let a page that is open know that no more records come, so that it shows the last of them."""
    page.ended = True
    if page.last_asked is not None and time.monotonic() - page.last_asked < OPEN_SECONDS:
        page.end_was_told.wait(PATIENCE)


def _path_of(asked: str) -> str:
    """The path that is asked for, with one slash at its start: with two it would be read as the name of a host."""
    return urlsplit(f"/{asked.lstrip('/')}").path if asked.startswith("/") else urlsplit(asked).path


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: Connections that wait to be answered: a page asks for all its files at once, and so do tools that look for links.
    request_queue_size = 128
    answer: Answer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own; of too many at once the latest is dropped, and asks again."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back when the answer is out."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away, or a file that cannot be read, is no business of the terminal."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    #: Seconds after which a connection on which nothing comes is dropped.
    timeout = IDLE_SECONDS
    server_version, sys_version = "tlbench", ""

    def do_GET(self) -> None:
        """Answer with a page, or say that there is none."""
        if not self._is_asked_for_by_name():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to 127.0.0.1 and localhost alone")
            return
        try:
            found = self.server.answer(unquote(_path_of(self.path)))
        except MovedPage as moved:
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", quote(str(moved)))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        except TlbenchError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", f"{error}\n".encode())
            return
        except (OSError, ValueError):  # a name that no file can have
            found = None
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND, "There is no such file here")
        else:
            self._send(HTTPStatus.OK, *found)

    do_HEAD = do_GET  # what is sent differs alone

    def _is_asked_for_by_name(self) -> bool:
        """A page elsewhere whose name was made to lead here must not read what is served."""
        try:
            return urlsplit(f"//{self.headers.get('Host', '')}").hostname in (HOST, "localhost")
        except ValueError:
            return False

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal is for the runs."""
