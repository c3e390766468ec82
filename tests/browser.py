"""A real browser without a network, for pages that are opened from disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Set where a missing browser is a failure, as in continuous integration, and not a reason to pass over a test.
REQUIRED = "TLBENCH_REQUIRE_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def executable() -> str:
    """Where Chromium is. A test that asks is skipped, or fails where a browser is required, if there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        found = None
    if found:
        return found
    message = "needs Chromium and the Python package playwright"
    if os.environ.get(REQUIRED, "") not in ("", "0"):
        pytest.fail(f"{message}, which {REQUIRED} asks for")
    pytest.skip(message)


@contextmanager
def running_browser() -> Iterator[object]:
    """A browser; it goes with the block."""
    path = executable()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page from disk: what it said on the console, what it asked of the network, which dialogs it opened."""

    def __init__(self, browser, file: Path, *, width: int = 1440, scheme: str = "light", address: str = "") -> None:
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{file.as_uri()}{address}")
        self.page.wait_for_selector("#rows .tabulator-row")

    def column(self, table: str, field: str) -> list[str]:
        """The texts of a column, from top to bottom."""
        return self.page.locator(f"{table} .tabulator-row .tabulator-cell[tabulator-field={field}]").all_inner_texts()

    def close(self) -> None:
        self.context.close()
