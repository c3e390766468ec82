"""Where a number comes from: versions, machine, command line, and the reason for each automatic choice."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tlbench.core.secret_masking import masked, masked_command

LIBRARIES = ("torch", "numpy", "scikit-learn", "scipy", "timm", "keras", "transformers", "datasets", "pluggy")


#: What was called in place of a command line.
_command: list[str] = []


def say_command(text: str) -> None:
    """Name a call from Python as the command of what is recorded from now on in this process."""
    _command[:] = [masked(text)]


def provenance(choices: dict[str, str]) -> dict[str, Any]:
    """Plain data about this process, taken when a run is recorded; `choices` gives the reason of automatic choices."""
    return {
        **_constant(),
        "choices": choices,
        "recorded_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": _command[0] if _command else shlex.join(["tlbench", *masked_command(sys.argv[1:])]),
    }


@functools.cache
def _constant() -> dict[str, Any]:
    from tlbench.version import __version__

    return {
        "tlbench": __version__,
        "python": platform.python_version(),
        "libraries": {name: version for name in LIBRARIES if (version := _version(name))},
        "os": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        **_git(),
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git() -> dict[str, Any]:
    """Commit and dirty flag where tlbench runs from a checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return {"git_sha": None, "git_dirty": None}
    try:
        sha = _git_output(folder, "rev-parse", "HEAD")
        return {"git_sha": sha, "git_dirty": bool(_git_output(folder, "status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return {"git_sha": None, "git_dirty": None}


def _git_output(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()
