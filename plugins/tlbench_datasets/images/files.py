"""Where the images of a folder are, and what they show: folders of classes, or lists of paths with labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tlbench.core.domain import SplitName
from tlbench.core.names import looks_like, sentence
from tlbench.errors import DataError
from tlbench_datasets.images.lists import find_lists, listed_files
from tlbench_datasets.images.places import FILES_OF_SYSTEMS, LAYOUT, SUFFIXES, ImageFile, Place, folders_of
from tlbench_datasets.shared.own_data import SPLIT_NAMES, by_name, readable


def find_places(root: Path) -> dict[str, Place]:
    """The domains of a folder with the place of each; where there are image lists, they alone count."""
    if not root.is_dir():
        raise DataError(f"{str(root)!r} is a file; {LAYOUT}")
    lists = find_lists(root)
    if lists:
        return {name: Place(root, lists=tuple(parts)) for name, parts in lists.items()}
    there = [folder for folder in folders_of(root) if folders_of(folder)]
    folders = by_name(f"folder:{root}", [(readable(folder.name), Place(root, folder=folder)) for folder in there])
    if not folders:
        raise DataError(f"{str(root)!r} holds no domains: {_what_is_there(root)}; {LAYOUT}")
    return folders


def _what_is_there(root: Path) -> str:
    if any(_images(folder) for folder in folders_of(root)):
        return f"its folders hold images themselves, so it looks like one domain; name its parent, {str(root.parent)!r}"
    if _images(root):
        return "images lie in it directly"
    return "it is empty" if not any(root.iterdir()) else "it has no folders of folders"


def files_of(place: Place) -> list[ImageFile]:
    """All images of a domain, in the order of their names. Raises `DataError` where there are none."""
    if place.folder is None:
        found = [file for path, split in place.lists for file in listed_files(place.root, path, split)]
        what = ", ".join(str(path) for path, _ in place.lists)
    else:
        found = list(_in_folder(place.folder))
        what = str(place.folder)
    if not found:
        deeper = place.folder and any(folders_of(inner) for inner in folders_of(place.folder))
        hint = f"there are folders below its classes: is {what!r} itself what to name?" if deeper else LAYOUT
        raise DataError(f"{what!r} holds no images ({', '.join(SUFFIXES)}); {hint}")
    return found


def stray_images(place: Place) -> int:
    """How many images lie beside the folders of the classes, where nothing says what they show."""
    return len(_images(_class_parent(place.folder))) if place.folder else 0


def other_files(place: Place) -> list[Path]:
    """The files in the folders of the classes that are no images that are read."""
    if place.folder is None:
        return []
    parent = _class_parent(place.folder)
    folders = [
        label for folder in [folder for folder, _ in _splits(parent)] or [parent] for label in folders_of(folder)
    ]
    entries = [entry for label in folders for entry in label.iterdir() if entry.is_file() and entry.name[0] != "."]
    return [entry for entry in entries if entry.suffix.lower() not in SUFFIXES and entry.name not in FILES_OF_SYSTEMS]


def almost_splits(place: Place) -> list[str]:
    """Sentences on folders or lists that are called like splits but for case or spaces, and so are none."""
    if place.folder is not None:
        names = [folder.name for folder in folders_of(_class_parent(place.folder))]
    else:
        names = [path.stem.rpartition("_")[2] for path, _ in place.lists if "_" in path.stem]
    alike = {name: known for name in names if (known := looks_like(name, SPLIT_NAMES))}
    return [f"{sentence((name, known))}, so {name!r} is no split" for name, known in sorted(alike.items())]


def empty_classes(place: Place) -> list[str]:
    """Folders of classes without any image."""
    if place.folder is None:
        return []
    parent = _class_parent(place.folder)
    return [] if _splits(parent) else [folder.name for folder in folders_of(parent) if not _images(folder)]


# Folders


def _in_folder(domain: Path) -> Iterator[ImageFile]:
    parent = _class_parent(domain)
    parts: list[tuple[Path, SplitName | None]] = [*_splits(parent)] or [(parent, None)]
    for folder, split in parts:
        for label in folders_of(folder):
            for path in _images(label):
                yield ImageFile(path, readable(label.name), readable(path.name), split)


def _class_parent(domain: Path) -> Path:
    """Office-31 has `domain/images/class`."""
    inner = folders_of(domain)
    return inner[0] if [folder.name for folder in inner] == ["images"] and folders_of(inner[0]) else domain


def _splits(parent: Path) -> list[tuple[Path, SplitName]]:
    """The folders of the splits, where all folders are called like splits and hold folders."""
    folders = folders_of(parent)
    splits = [(folder, SPLIT_NAMES[folder.name]) for folder in folders if folder.name in SPLIT_NAMES]
    return splits if len(splits) == len(folders) and all(folders_of(folder) for folder in folders) else []


def _images(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES and entry.name[0] != ".")
