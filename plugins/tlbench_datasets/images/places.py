"""What an image is in a folder of images, and where a domain lies in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tlbench.core.domain import SplitName

#: Still images that Pillow reads; of an animation the first picture is taken.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2", ".avif"),
)
#: Folders that systems make beside one's own: Synology's thumbnails, and what macOS packs.
_OF_SYSTEMS = ("@eaDir", "#recycle", "lost+found", "$RECYCLE.BIN", "System Volume Information")
#: Files that systems put into folders.
FILES_OF_SYSTEMS = ("Thumbs.db", "desktop.ini")
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


def folders_of(path: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones and those that systems make."""
    inner = [entry for entry in path.iterdir() if entry.is_dir()] if path.is_dir() else []
    return sorted(entry for entry in inner if not entry.name.startswith((".", "__")) and entry.name not in _OF_SYSTEMS)


def by_suffix(files: Iterable[Path]) -> str:
    """How many files there are of each suffix, in words: `2 .svg, 1 no suffix`."""
    counted = Counter(file.suffix.lower() or "no suffix" for file in files)
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(counted.items()))
