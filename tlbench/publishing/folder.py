"""The files of a published folder, and of the folder of all of them: made, compared with what is there, written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from tlbench.errors import TlbenchError
from tlbench.files import write_whole
from tlbench.leaderboard.frame import PLAN_FILE, Board
from tlbench.published_folder import RECORDS_FILE, is_published
from tlbench.publishing.material import Material, read_material
from tlbench.publishing.page import page
from tlbench.publishing.summary import summary
from tlbench.suites.markdown import read_markdown

PAGE_FILE = "README.md"
#: Hand-written, of one suite and of all; never written here.
NOTES_FILE = "notes.md"

#: Each file of a suite's folder: how its text is made from the material and the notes.
FILES: Mapping[str, Callable[[Material, str], str]] = MappingProxyType(
    {
        RECORDS_FILE: lambda material, _: "".join(f"{record}\n" for record in material.records.values()),
        PLAN_FILE: lambda material, _: material.plan,
        PAGE_FILE: page,
    }
)


def suite_files(material: Material, out: Path) -> dict[Path, str]:
    """The text of each file of `out/<suite>/`. Raises `TlbenchError` where one cannot be made."""
    folder = out / material.suite
    notes = _notes(folder)
    return {folder / name: make(material, notes) for name, make in FILES.items()}


def summary_file(out: Path, fresh: Iterable[Material] = ()) -> dict[Path, str]:
    """The text of `out/README.md`, over all published folders there; `fresh` stands for what is not written yet.

    Raises `TlbenchError` where a folder there is damaged.
    """
    boards: dict[str, Board] = {material.suite: material.board for material in fresh}
    for folder in sorted(path for path in out.glob("*") if is_published(path)) if out.is_dir() else []:
        if folder.name not in boards:
            boards[folder.name] = read_material(folder).board
    return {out / PAGE_FILE: summary({name: boards[name] for name in sorted(boards)}, _notes(out))}


def changes(files: Mapping[Path, str]) -> list[str]:
    """A line for each file that is not there or differs: which, and the first difference."""
    found = []
    for path, text in files.items():
        try:
            there = path.read_bytes()
        except FileNotFoundError:
            found.append(f"{path}: is not there")
            continue
        except OSError as error:
            raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error
        if there != text.encode():
            found.append(f"{path}{_first_difference(there, text.encode())}")
    return found


def write(files: Mapping[Path, str]) -> None:
    """Write the files of one folder, all of them or none; whatever else is in the folder stays.

    Raises `TlbenchError` where that is not possible.
    """
    (folder,) = {path.parent.resolve() for path in files}  # a link to a folder stays one

    def fill(new: Path) -> None:
        if folder.exists():
            shutil.copytree(folder, new, symlinks=True)
        new.mkdir(exist_ok=True)
        for path, text in files.items():
            (new / path.name).write_bytes(text.encode())

    write_whole(folder, fill)


def write_one(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises `TlbenchError` where it cannot be written."""
    write_whole(path, lambda to: to.write_bytes(text.encode()))


def _notes(folder: Path) -> str:
    path = folder / NOTES_FILE
    return read_markdown(path) if path.exists() else ""


def _first_difference(there: bytes, wanted: bytes) -> str:
    """`:12: 'the line there' should be 'the line wanted'`."""
    old, new = there.split(b"\n"), wanted.split(b"\n")
    length = min(len(old), len(new))
    line = next((index for index in range(length) if old[index] != new[index]), length)
    shown = [_shown(lines[line]) if line < len(lines) else "the end of the file" for lines in (old, new)]
    return f":{line + 1}: {shown[0]} should be {shown[1]}"


def _shown(line: bytes, most: int = 80) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= most else text[:most] + "…")
