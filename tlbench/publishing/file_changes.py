"""How what is there differs from what should be: text and arrays byte by byte, drawings by what they show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tlbench.errors import TlbenchError
from tlbench.publishing.svg_figures import Picture, shown_hash

#: What a file should hold: bytes, or a drawing that shows this, whatever its bytes.
Content = bytes | Picture

#: Files that are not read by lines.
_BINARY = (".safetensors",)


def changes(files: Mapping[Path, Content]) -> list[str]:
    """A line for each file that is not there or differs: which, and the first difference."""
    found = []
    for path, content in files.items():
        there = _content(path)
        if there is None:
            found.append(f"{path}: is not there")
        elif _differ(there, content):
            found.append(f"{path}{_first_difference(path, there, content)}")
    return found


def has_changed(path: Path, content: Content) -> bool:
    """Whether a file is not there, or is not what it should be. Raises `TlbenchError` where it cannot be read."""
    there = _content(path)
    return there is None or _differ(there, content)


def bytes_of(content: Content) -> bytes:
    """What is written."""
    return content.svg() if isinstance(content, Picture) else content


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error


def _differ(there: bytes, wanted: Content) -> bool:
    """Other versions of a drawing library draw the same with other bytes."""
    return shown_hash(there) != wanted.shows if isinstance(wanted, Picture) else there != wanted


def _first_difference(path: Path, there: bytes, wanted: Content) -> str:
    """`:12: 'the line there' should be 'the line wanted'`."""
    if isinstance(wanted, Picture):
        return ": shows something else"
    if path.suffix in _BINARY:
        return ": holds something else"
    old, new = there.split(b"\n"), wanted.split(b"\n")
    length = min(len(old), len(new))
    line = next((index for index in range(length) if old[index] != new[index]), length)
    shown = [_shown(lines[line]) if line < len(lines) else "the end of the file" for lines in (old, new)]
    return f":{line + 1}: {shown[0]} should be {shown[1]}"


def _shown(line: bytes, most: int = 80) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= most else text[:most] + "…")
