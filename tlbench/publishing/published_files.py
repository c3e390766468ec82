"""The files of a published folder, and of the folder of all of them: made, and written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from tlbench.core.plain_text import escaped, plain_lines
from tlbench.files import write_whole
from tlbench.leaderboard.renderers import csv_, latex
from tlbench.leaderboard.tables.cells import Table
from tlbench.leaderboard.validators.board import board
from tlbench.publishing.file_changes import Content, bytes_of, has_changed
from tlbench.publishing.index_readme import summary
from tlbench.publishing.page_inputs import PageInputs, read_page_inputs
from tlbench.publishing.predictions import PREDICTIONS_FILE, predictions_bytes
from tlbench.publishing.suite_readme import readme
from tlbench.publishing.svg_figures import FOLDER, Picture, pictures
from tlbench.publishing.table_sections import Section, sections
from tlbench.publishing.web.html import index_page, suite_page
from tlbench.records.item_correctness import CORRECT_FILE, correct_bytes
from tlbench.records.plan_file import PLAN_FILE
from tlbench.records.published_records import RECORDS_FILE, is_published
from tlbench.suites.markdown_files import read_markdown

PAGE_FILE, WEB_FILE = "README.md", "index.html"
#: Hand-written, of one suite and of all; never written here.
NOTES_FILE = "notes.md"
Files = Mapping[Path, Content]


class _Content:
    """What the files of one suite are made from; tables and drawings are made once for all of them."""

    def __init__(self, material: PageInputs, notes: str) -> None:
        self.material = material
        self.notes = notes

    @cached_property
    def sections(self) -> list[Section]:
        return sections(self.material.result_set)

    @cached_property
    def pictures(self) -> list[Picture]:
        return pictures(self.material.result_set)

    @property
    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]


#: Each file of a suite's folder but the drawings: how its content is made.
FILES: Mapping[str, Callable[[_Content], str | bytes]] = MappingProxyType(
    {
        RECORDS_FILE: lambda of: "".join(f"{record}\n" for record in of.material.records.values()),
        PLAN_FILE: lambda of: of.material.plan,
        PREDICTIONS_FILE: lambda of: predictions_bytes(of.material.predictions),
        CORRECT_FILE: lambda of: correct_bytes(of.material.correct),
        PAGE_FILE: lambda of: readme(of.material, of.notes, of.sections, of.pictures),
        WEB_FILE: lambda of: suite_page(of.material.result_set, of.notes, of.material.predictions),
        "table.csv": lambda of: csv_.render(of.tables),
        "table.tex": lambda of: latex.render(of.tables),
    }
)


def suite_files(material: PageInputs, out: Path) -> dict[Path, Content]:
    """The content of each file of `out/<suite>/`. Raises `TlbenchError` where one cannot be made."""
    folder = out / material.suite
    content = _Content(material, _notes(folder))
    files: dict[Path, Content] = {folder / name: _bytes(_readable(name, make(content))) for name, make in FILES.items()}
    return files | {folder / FOLDER / picture.name: picture for picture in content.pictures}


def summary_files(out: Path, fresh: Iterable[PageInputs] = ()) -> dict[Path, bytes]:
    """The content of `out/README.md` and `out/index.html`, over all published folders there.

    `fresh` stands for what is not written yet. Raises `TlbenchError` where a folder there is damaged.
    """
    materials = {material.suite: material for material in fresh}
    for folder in sorted(path for path in out.glob("*") if is_published(path)) if out.is_dir() else []:
        if folder.name not in materials:
            materials[folder.name] = read_page_inputs(folder)
    ordered, notes = {name: materials[name].result_set for name in sorted(materials)}, _notes(out)
    validators = board(ordered, {name: material.predictions for name, material in materials.items()})
    return {
        out / PAGE_FILE: _bytes(plain_lines(summary(ordered, notes, validators))),
        out / WEB_FILE: _bytes(index_page(ordered, notes, validators)),
    }


def write(files: Files) -> None:
    """Write the files of a suite's folder, all of them or none; whatever else is in the folder stays.

    A drawing that shows what it should stays as it is; drawings that are of no table any more go.
    Raises `TlbenchError` where that is not possible.
    """
    folder = min(files, key=lambda path: len(path.parts)).parent
    to = folder.resolve()  # a link to a folder stays one

    def fill(new: Path) -> None:
        if to.exists():
            shutil.copytree(to, new, symlinks=True)
        for path in _of_no_table(new / FOLDER, {path.name for path in files}):
            path.unlink()
        for path, content in files.items():
            place = new / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            if has_changed(place, content):
                place.write_bytes(bytes_of(content))

    write_whole(to, fill)


def superfluous(files: Files) -> list[str]:
    """A line for each drawing that is of no table."""
    folder = min(files, key=lambda path: len(path.parts)).parent / FOLDER
    return [f"{path}: is a drawing of no table" for path in _of_no_table(folder, {path.name for path in files})]


def write_each(files: Files) -> None:
    """Write files, each whole or not at all. Raises `TlbenchError` where one cannot be written."""
    for path, content in files.items():
        write_whole(path, lambda to, content=content: to.write_bytes(bytes_of(content)))  # type: ignore[misc]


def _of_no_table(folder: Path, names: set[str]) -> list[Path]:
    return [path for path in sorted(folder.glob("*.svg")) if path.name not in names]


def _notes(folder: Path) -> str:
    path = folder / NOTES_FILE
    return read_markdown(path) if path.exists() else ""


def _readable(name: str, content: str | bytes) -> str | bytes:
    """Text for people without what a terminal or a browser would obey; JSON keeps all that it has, as escapes."""
    if isinstance(content, bytes) or name == WEB_FILE:  # whose own scripts are no text for people
        return content
    return escaped(content) if name in (RECORDS_FILE, PLAN_FILE) else plain_lines(content)


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
