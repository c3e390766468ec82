"""The built-in suites: every suite file of this package, by its name and with its own summary."""

from __future__ import annotations

import importlib.resources
import tomllib

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_suites(register: Register) -> None:
    """Suite files of this package."""
    for file in importlib.resources.files(__name__).iterdir():
        name, _, kind = file.name.rpartition(".")
        if kind == "toml":
            summary = tomllib.loads(file.read_text(encoding="utf-8"))["summary"]
            register(name, f"{__name__}:{file.name}", summary=summary)
