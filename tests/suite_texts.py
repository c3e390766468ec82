"""The text of built-in suites, for tests that change it and run it from another folder."""

from __future__ import annotations

from importlib.resources import files


def text_of(name: str) -> str:
    """The text of a suite without its page, which lies beside the original alone, and without what the page shows."""
    text = files("tlbench_suites").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("about =", "views =")))
