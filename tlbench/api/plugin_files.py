"""One-file plugins of a process that lives long: in a notebook they are edited between two runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlbench.cli.options import files as absolute
from tlbench.plugins.editable_installs import version_of
from tlbench.plugins.manager import GROUP, forget_hosts

#: The content of each file when it was last used here.
_seen: dict[str, str] = {}
#: The version of each installed plugin when it was last used here.
_versions: dict[str, str] = {}


def current(paths: Sequence[str | Path], suite: Any) -> tuple[str, ...]:
    """Absolute paths of plugin files, and of the one beside a suite file; what has changed is imported anew.

    Else this process would go on with the old strategy and its old version while its runs have the new one.
    """
    beside = str(suite) if isinstance(suite, str | Path) else ""
    found = absolute([Path(path) for path in paths], beside)
    for path in found:
        if Path(path).is_file():  # one that is not is named by what loads it
            digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            if _seen.setdefault(path, digest) != digest:
                _forget(path)
                _seen[path] = digest
    _forget_edited_packages()
    return found


def _forget_edited_packages() -> None:
    """Import anew what is installed for editing and has been edited: its version is another, and so are run keys."""
    changed = False
    for point in importlib.metadata.entry_points(group=GROUP):
        version = version_of(point)
        if _versions.setdefault(point.value, version) != version:
            _versions[point.value], changed = version, True
            package = point.module.partition(".")[0]
            for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
                del sys.modules[name]
    if changed:
        forget_hosts()


def _forget(path: str) -> None:
    forget_hosts()
    for name, module in list(sys.modules.items()):
        if name.startswith("tlbench_file_") and getattr(module, "__file__", None) == path:
            del sys.modules[name]
