"""Image lists: files of lines `relative/path label`, as the Transfer-Learning-Library has them."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from tlbench.core.domain import SplitName
from tlbench.core.names import composed
from tlbench.errors import DataError
from tlbench_datasets.images.places import FILES_OF_SYSTEMS, SUFFIXES, ImageFile, Place, folders_of
from tlbench_datasets.shared.own_data import SPLIT_NAMES, by_name, readable

#: What texts for people are called.
_FOR_PEOPLE = ("README", "LICENSE", "LICENCE", "CHANGELOG", "CITATION")


def find_lists(root: Path) -> dict[str, list[tuple[Path, SplitName | None]]]:
    """Image lists by domain; `domain_train.txt` and `domain_test.txt` are splits of one where both are there."""
    paths = by_name(f"folder:{root}", [(readable(path.stem), path) for path in _list_paths(root)])
    lists: dict[str, list[tuple[Path, SplitName | None]]] = {}
    for stem, path in paths.items():
        match = re.fullmatch(r"(.+)_(train|val|test)", stem)
        if match and {f"{match[1]}_train", f"{match[1]}_test"} <= paths.keys():
            lists.setdefault(match[1], []).append((path, SPLIT_NAMES[match[2]]))
        elif not {f"{stem}_train", f"{stem}_test"} <= paths.keys():  # else it is all of them once more
            lists[stem] = [(path, None)]
    return lists


def _list_paths(root: Path) -> list[Path]:
    """The lists that count: those in the folder `image_list`, where there are some."""
    found = [sorted(filter(_is_list, folder.glob("*.txt"))) for folder in (root / "image_list", root)]
    return found[0] or found[1]


def _is_list(path: Path) -> bool:
    """Whether the first line, or the one below a header, names an image, or a file that is there."""
    if path.stem.upper() in _FOR_PEOPLE:
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = list(itertools.islice(filter(None, map(str.strip, file)), 2))
    names = [line.rsplit(None, 1)[0] for line in lines]
    if any(Path(text).suffix.lower() in SUFFIXES for text in (*lines, *names)):
        return True
    with suppress(OSError):  # a sentence may be too long for a path
        return any((base / name).is_file() for name in names for base in (path.parent, path.parent.parent))
    return False


def listed_files(root: Path, path: Path, split: SplitName | None) -> Iterator[ImageFile]:
    """The images of a list, in its order. Raises `DataError` naming a line that is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start + 1} is not UTF-8; save the list as UTF-8") from error
    numbers: bool | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, label = _name_and_label(path, number, line)
        if numbers not in (None, label.isdecimal()):
            kind = "whole numbers" if numbers else "names of classes"
            raise DataError(f"{path}:{number}: the label {label!r} stands among {kind}; use one kind in a list")
        numbers = label.isdecimal()
        # A list that was written on another system may hold é as one sign where the file's name has two.
        written = dict.fromkeys((name, composed(name), unicodedata.normalize("NFD", name)))
        here = [base / each for each in written for base in (root, path.parent)]
        yield ImageFile(next((file for file in here if file.exists()), here[0]), label, composed(name), split)


def _name_and_label(path: Path, number: int, line: str) -> tuple[str, str]:
    name, _, label = line.strip().replace("\t", " ").rpartition(" ")
    if not name.strip() or Path(label).suffix.lower() in SUFFIXES:
        raise DataError(f"{path}:{number}: {line.strip()!r} has no label; a line is 'relative/path label'")
    return name.strip(), label


# What lists leave out


def other_texts(root: Path) -> list[Path]:
    """Text files beside the lists that are none, or that do not count; what explains the data to people is neither."""
    there = [path for folder in (root / "image_list", root) for path in sorted(folder.glob("*.txt"))]
    lists = set(_list_paths(root))
    return [path for path in there if path not in lists and path.stem.upper() not in _FOR_PEOPLE]


def unlisted_files(place: Place, listed: Collection[Path]) -> list[Path]:
    """Files that are on no list: in the folder that holds all images of a domain, and where no list has any.

    `listed` are the images of all lists.
    """
    own = [file.path for path, split in place.lists for file in listed_files(place.root, path, split)]
    tops = {_top(place.root, path) for path in listed}
    untouched = [folder for folder in folders_of(place.root) if folder not in tops and folder.name != "image_list"]
    common = Path(os.path.commonpath([path.parent for path in own])) if own else place.root
    folders = [*untouched, *([common] if place.root in common.parents else _inner(place.root, tops))]
    there = (file for folder in folders for file in _files_below(folder))
    return sorted({file for file in there if file not in listed and file.suffix.lower() != ".txt"})


def _inner(root: Path, tops: Collection[Path]) -> list[Path]:
    """The folders of the root that hold images of lists, where those of one domain are in several."""
    return [folder for folder in folders_of(root) if folder in tops]


def _top(root: Path, path: Path) -> Path:
    """The folder of the root that a file is in."""
    inner = path.relative_to(root).parts if path.is_relative_to(root) else ()
    return root / inner[0] if inner else path


def _files_below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_file() and entry.name[0] != "." and entry.name not in FILES_OF_SYSTEMS:
            yield entry
    for inner in folders_of(folder):
        if not inner.is_symlink():
            yield from _files_below(inner)
