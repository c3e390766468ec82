"""The page of a suite that is running: made from the records that are there, again when there are more."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tlbench.leaderboard.analysis.result_set import load_result_set, read_plan
from tlbench.publishing.web.html import live_parts, suite_page
from tlbench.records.published_records import PublishedFolder, is_published

#: A page may take this share of the time between two makings, so that the runs keep the processor.
SHARE = 0.1


@dataclass
class _Made:
    """What was made, of which state of the folder, when, and how long it took in seconds."""

    version: str
    content: bytes
    at: float
    seconds: float

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self.at >= self.seconds / SHARE


class LivePage:
    """The page of `results/<suite>/`, by the names under which its script asks for its parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ended = False
        #: Set once the page was told that no more records will come.
        self.end_was_told = threading.Event()
        #: When the page last asked, by `time.monotonic`; None where nobody has opened it.
        self.last_asked: float | None = None
        read_plan(folder)  # what is wrong with it is said now
        self._made: dict[str, _Made] = {}
        self._making = threading.Lock()

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Content type and content of `/`, `/data.json` and `/status.json`; None for anything else."""
        if path in ("/", "/index.html"):
            return "text/html; charset=utf-8", self._make("page", self._page)
        if path == "/data.json":
            return "application/json", self._make("data", self._data)
        return ("application/json", self._status()) if path == "/status.json" else None

    def _status(self) -> bytes:
        self.last_asked = time.monotonic()
        made, version = self._made.get("data"), self._version()
        if made is not None and not made.is_due and not self.ended:
            version = made.version  # nothing newer is to be had yet
        if self.ended and made is not None and made.version == version:
            self.end_was_told.set()
        keys = read_plan(self.folder).run_keys.keys()
        there = len(keys & self._keys_there())
        status = {"version": version, "there": there, "asked": len(keys), "ended": self.ended}
        return json.dumps(status).encode()

    def _keys_there(self) -> set[str]:
        if is_published(self.folder):
            return set(PublishedFolder(self.folder).run_keys())
        return {path.stem for path in self.folder.glob("*.json")}

    def _version(self) -> str:
        """Changes with every record that lands or is written anew."""
        stamps = [path.stat().st_mtime_ns for path in self.folder.glob("*.json")]
        return f"{len(stamps)}-{max(stamps, default=0)}"

    def _make(self, name: str, make: Callable[[], str]) -> bytes:
        with self._making:
            made, version = self._made.get(name), self._version()
            if made is None or made.version != version:
                start = time.monotonic()
                content = make().encode()
                end = time.monotonic()
                made = self._made[name] = _Made(version, content, end, end - start)
            return made.content

    def _page(self) -> str:
        return suite_page(load_result_set(self.folder), live=True)

    def _data(self) -> str:
        return json.dumps(live_parts(load_result_set(self.folder)), ensure_ascii=False, allow_nan=False)
