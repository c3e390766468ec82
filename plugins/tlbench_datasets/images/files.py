"""Where the images of a folder are, and what they show: folders of classes, or lists of paths with labels."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tlbench.core.domain import SplitName
from tlbench.core.names import composed, looks_like, sentence
from tlbench.errors import DataError
from tlbench_datasets.shared.own_data import SPLIT_NAMES, by_name, readable

#: Still images that Pillow reads; of an animation the first picture is taken.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2", ".avif"),
)
#: Folders that systems make beside one's own: Synology's thumbnails, and what macOS packs.
_OF_SYSTEMS = ("@eaDir", "#recycle", "lost+found", "$RECYCLE.BIN", "System Volume Information")
#: Files that systems put into folders.
_FILES_OF_SYSTEMS = ("Thumbs.db", "desktop.ini")
LAYOUT = "images belong in PATH/domain/class/, or in lists PATH/domain.txt with lines 'relative/path label'"


@dataclass(frozen=True)
class ImageFile:
    """An image and its class. `key` names it within its class; `split` is there where the layout says it."""

    path: Path
    label: str
    key: str
    split: SplitName | None = None


@dataclass(frozen=True)
class Place:
    """Where one domain is: a folder of classes, or image lists, each with its split where it has one."""

    root: Path
    folder: Path | None = None
    lists: tuple[tuple[Path, SplitName | None], ...] = ()


def find_places(root: Path) -> dict[str, Place]:
    """The domains of a folder with the place of each; where there are image lists, they alone count."""
    if not root.is_dir():
        raise DataError(f"{str(root)!r} is a file; {LAYOUT}")
    lists = _find_lists(root)
    if lists:
        return {name: Place(root, lists=tuple(parts)) for name, parts in lists.items()}
    there = [folder for folder in _folders(root) if _folders(folder)]
    folders = by_name(f"folder:{root}", [(readable(folder.name), Place(root, folder=folder)) for folder in there])
    if not folders:
        raise DataError(f"{str(root)!r} holds no domains: {_what_is_there(root)}; {LAYOUT}")
    return folders


def _what_is_there(root: Path) -> str:
    if any(_images(folder) for folder in _folders(root)):
        return f"its folders hold images themselves, so it looks like one domain; name its parent, {str(root.parent)!r}"
    if _images(root):
        return "images lie in it directly"
    return "it is empty" if not any(root.iterdir()) else "it has no folders of folders"


def files_of(place: Place) -> list[ImageFile]:
    """All images of a domain, in the order of their names. Raises `DataError` where there are none."""
    if place.folder is None:
        found = [file for path, split in place.lists for file in _listed(place.root, path, split)]
        what = ", ".join(str(path) for path, _ in place.lists)
    else:
        found = list(_in_folder(place.folder))
        what = str(place.folder)
    if not found:
        deeper = place.folder and any(_folders(inner) for inner in _folders(place.folder))
        hint = f"there are folders below its classes: is {what!r} itself what to name?" if deeper else LAYOUT
        raise DataError(f"{what!r} holds no images ({', '.join(SUFFIXES)}); {hint}")
    return found


def stray_images(place: Place) -> int:
    """How many images lie beside the folders of the classes, where nothing says what they show."""
    return len(_images(_class_parent(place.folder))) if place.folder else 0


def other_files(place: Place) -> Counter[str]:
    """How many files in the folders of the classes are no images that are read, by suffix."""
    if place.folder is None:
        return Counter()
    parent = _class_parent(place.folder)
    folders = [label for folder in [folder for folder, _ in _splits(parent)] or [parent] for label in _folders(folder)]
    entries = [entry for label in folders for entry in label.iterdir() if entry.is_file() and entry.name[0] != "."]
    others = [
        entry for entry in entries if entry.suffix.lower() not in SUFFIXES and entry.name not in _FILES_OF_SYSTEMS
    ]
    return Counter(entry.suffix.lower() or "no suffix" for entry in others)


def almost_splits(place: Place) -> list[str]:
    """Sentences on folders or lists that are called like splits but for case or spaces, and so are none."""
    if place.folder is not None:
        names = [folder.name for folder in _folders(_class_parent(place.folder))]
    else:
        names = [path.stem.rpartition("_")[2] for path, _ in place.lists if "_" in path.stem]
    alike = {name: known for name in names if (known := looks_like(name, SPLIT_NAMES))}
    return [f"{sentence((name, known))}, so {name!r} is no split" for name, known in sorted(alike.items())]


def empty_classes(place: Place) -> list[str]:
    """Folders of classes without any image."""
    if place.folder is None:
        return []
    parent = _class_parent(place.folder)
    return [] if _splits(parent) else [folder.name for folder in _folders(parent) if not _images(folder)]


# Folders


def _in_folder(domain: Path) -> Iterator[ImageFile]:
    parent = _class_parent(domain)
    parts: list[tuple[Path, SplitName | None]] = [*_splits(parent)] or [(parent, None)]
    for folder, split in parts:
        for label in _folders(folder):
            for path in _images(label):
                yield ImageFile(path, readable(label.name), readable(path.name), split)


def _class_parent(domain: Path) -> Path:
    """Office-31 has `domain/images/class`."""
    inner = _folders(domain)
    return inner[0] if [folder.name for folder in inner] == ["images"] and _folders(inner[0]) else domain


def _splits(parent: Path) -> list[tuple[Path, SplitName]]:
    """The folders of the splits, where all folders are called like splits and hold folders."""
    folders = _folders(parent)
    splits = [(folder, SPLIT_NAMES[folder.name]) for folder in folders if folder.name in SPLIT_NAMES]
    return splits if len(splits) == len(folders) and all(_folders(folder) for folder in folders) else []


def _folders(path: Path) -> list[Path]:
    inner = [entry for entry in path.iterdir() if entry.is_dir()] if path.is_dir() else []
    return sorted(entry for entry in inner if not entry.name.startswith((".", "__")) and entry.name not in _OF_SYSTEMS)


def _images(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES and entry.name[0] != ".")


# Lists


def _find_lists(root: Path) -> dict[str, list[tuple[Path, SplitName | None]]]:
    """Image lists by domain; `domain_train.txt` and `domain_test.txt` are splits of one where both are there."""
    found = [sorted(filter(_is_list, folder.glob("*.txt"))) for folder in (root / "image_list", root)]
    paths = by_name(f"folder:{root}", [(readable(path.stem), path) for path in found[0] or found[1]])
    lists: dict[str, list[tuple[Path, SplitName | None]]] = {}
    for stem, path in paths.items():
        match = re.fullmatch(r"(.+)_(train|val|test)", stem)
        if match and {f"{match[1]}_train", f"{match[1]}_test"} <= paths.keys():
            lists.setdefault(match[1], []).append((path, SPLIT_NAMES[match[2]]))
        elif not {f"{stem}_train", f"{stem}_test"} <= paths.keys():  # else it is all of them once more
            lists[stem] = [(path, None)]
    return lists


def _is_list(path: Path) -> bool:
    """Whether the first line names an image: a README.txt is no list."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = next((line.strip() for line in file if line.strip()), "")
    return any(Path(text).suffix.lower() in SUFFIXES for text in (first, *first.rsplit(None, 1)[:1]))


def _listed(root: Path, path: Path, split: SplitName | None) -> Iterator[ImageFile]:
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
