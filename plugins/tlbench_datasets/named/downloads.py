"""Downloads from public origins: checked by a checksum, taken up again where they broke off, whole or not there at all.

pooch keeps and checks files but begins each download anew, so it is given a downloader that resumes.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.errors import DataError

if TYPE_CHECKING:
    from requests import Response

#: Seconds to wait for a connection, and for the next bytes of an answer.
TIMEOUT = (15, 60)
#: How often a download is tried in one go, as long as each time something arrives.
ATTEMPTS = 5
CHUNK = 2**16
#: Seconds between two lines that say how far a download is.
LINE_SECONDS = 5.0


class Broken(DataError):
    """A connection that ended before the file did."""


def file_matches(path: Path, checksum: str) -> bool:
    """Whether a file has the checksum `"md5:…"` or `"sha256:…"`."""
    algorithm, _, digits = checksum.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digits.lower()


def download(url: str, checksum: str, target: Path) -> None:
    """Have the file of `url` at `target`, unless a file with this checksum is there already.

    Raises `DataError` with the reason; nothing is then left behind but a part that a later call goes on from, and its
    lock.
    """
    part = target.with_name(f".{target.name}.part")
    with _plain_reasons(url):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part):
            went_on = part.exists()
            try:
                _retrieve(url, checksum, target, part)
            except ValueError:
                if not went_on:
                    raise
                # The part may have been of another file than the rest; pooch has removed both, so this begins anew.
                _retrieve(url, checksum, target, part)


def _retrieve(url: str, checksum: str, target: Path, part: Path) -> None:
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # what it tells, `Resuming` tells with sizes
    pooch.retrieve(url, checksum, fname=target.name, path=target.parent, downloader=Resuming(part))


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep other processes from the same part; the lock goes with the process that holds it."""
    with part.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.stderr.write(f"note: another process is downloading {part.stem[1:]}; waiting for it\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _plain_reasons(url: str) -> Iterator[None]:
    """What can go wrong on the way, in one sentence each."""
    try:
        yield
    except OSError as error:  # those of requests are of this kind
        raise DataError(f"{url}: {_reason(error)}") from error
    except ValueError as error:  # pooch's word for a checksum
        message = f"what {url} gave has another checksum than the file that is expected, and was removed"
        raise DataError(message) from error


def _reason(error: OSError) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, exceptions.ConnectionError):
        return "no connection"
    if isinstance(error, exceptions.RequestException):
        return str(error)
    return f"cannot write {error.filename or 'the file'}: {error.strerror or error}"


class Resuming:
    """A downloader for pooch that gathers a file in `part` and goes on from what is there.

    A server that does not know the header Range (RFC 9110, section 14) sends all of the file again.
    """

    def __init__(self, part: Path) -> None:
        self._part = part

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        """Fill `output_file`. Raises `Broken` where the connection ends early each time it is tried."""
        for attempt in range(1, ATTEMPTS + 1):
            before = self._size()
            try:
                self._receive(url)
            except Broken:
                if attempt == ATTEMPTS or self._size() <= before:
                    raise
            else:
                break
        self._part.replace(output_file)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _receive(self, url: str) -> None:
        """Ask for what is missing, and add it to the part."""
        import requests

        have = self._size()
        # As it is stored: a length, and a place to go on from, are of these bytes.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, timeout=TIMEOUT, stream=True) as response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return  # all of it had arrived
                self._part.unlink()
                self._receive(url)
                return
            response.raise_for_status()
            if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                have = 0
            self._write(url, response, have)

    def _write(self, url: str, response: Response, have: int) -> None:
        import requests

        length = int(response.headers.get("Content-Length", 0))
        total = have + length if length else None
        progress = _Progress(url, have, total)
        try:
            with self._part.open("ab" if have else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    progress.moved(file.tell())
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise Broken(_broken(url, self._size(), total)) from error
        if total is not None and self._size() < total:
            raise Broken(_broken(url, self._size(), total))


def _broken(url: str, size: int, total: int | None) -> str:
    return f"{url}: the connection broke after {_mib(size)}{_of(total)}; what has arrived is kept"


class _Progress:
    """A line at the start of a download, and one now and then where it takes long."""

    def __init__(self, url: str, have: int, total: int | None) -> None:
        self._total = total
        self._told = time.monotonic()
        there = f", of which {_mib(have)} are there" if have else ""
        sys.stderr.write(f"downloading {url}{f' ({_mib(total)}{there})' if total else ''}\n")

    def moved(self, size: int) -> None:
        """Hear how much of the file is there, in bytes."""
        if time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            sys.stderr.write(f"  {_mib(size)}{_of(self._total)}\n")


def _of(total: int | None) -> str:
    return "" if total is None else f" of {_mib(total)}"


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"
