"""The version of a plugin that is installed for editing (`pip install -e`): that of its code as it is now."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from importlib.metadata import EntryPoint
from pathlib import Path


def version_of(point: EntryPoint) -> str:
    """The version of the distribution behind an entry point; of an editable one, with a hash of its Python files.

    Versions are in run keys, so that whoever changes a loss gets runs of the new one, and need not think of it.
    """
    if point.dist is None:
        return "unknown"
    editable = point.dist.name != "tlbench" and _is_editable(point.dist.read_text("direct_url.json"))
    digest = _digest(point.module.partition(".")[0]) if editable else ""
    return f"{point.dist.version}+{digest}" if digest else point.dist.version


def _is_editable(direct_url: str | None) -> bool:
    """What pip wrote down of the place that it installed from (PEP 610)."""
    try:
        return bool(json.loads(direct_url or "{}").get("dir_info", {}).get("editable"))
    except (ValueError, AttributeError):
        return False


def _digest(package: str) -> str:
    """Of the Python files of a package or module, 12 hex digits; empty where it is not found."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    folders = [Path(folder) for folder in spec.submodule_search_locations or []]
    files = [(folder, path) for folder in folders for path in sorted(folder.rglob("*.py")) if path.is_file()]
    files += [(Path(spec.origin).parent, Path(spec.origin))] if spec.origin and not folders else []
    digest = hashlib.sha256()
    for folder, path in files:
        try:
            content = path.read_bytes()
        except OSError:  # it goes, or cannot be read, while an editor works on it
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:12] if files else ""
