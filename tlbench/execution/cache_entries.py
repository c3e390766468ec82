"""The entries of the cache: how large they are, when each was last used, whether it is whole; removing them.

The limit is that of the variable `TLBENCH_CACHE_LIMIT`. What was unused for longest goes first, and never what a
process uses, here or in another container or machine.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tlbench.core.byte_sizes import bytes_of
from tlbench.data.cache_use import in_use, last_used, remove_unused
from tlbench.data.checksums import CHECKSUMS, faults, is_aside
from tlbench.data.derived_splits import derived_folders
from tlbench.execution.job_folders import JobFolders

LIMIT = "TLBENCH_CACHE_LIMIT"
#: What of the cache is not removed to keep below a limit, for it comes from a network, or belongs to runs.
_KEPT = ("downloads", "jobs")


@dataclass(frozen=True)
class CacheEntry:
    """Something that is removed as a whole. `others` go with it, such as the labels of a domain.

    `checked` are the folders that have checksums.
    """

    kind: str
    name: str
    folder: Path
    others: tuple[Path, ...] = ()
    checked: tuple[Path, ...] = ()

    @property
    def size(self) -> int:
        """Bytes, without those of entries within."""
        inner = self.folder / "prepared" if self.kind == "domain" else None
        return sum(_size(path, inner) for path in (self.folder, *self.others))

    @property
    def last_used(self) -> float:
        """Seconds since 1970."""
        return last_used(self.folder)

    @property
    def in_use(self) -> bool:
        """Whether a process uses it, or something that goes with it."""
        inner = (self.folder / "prepared").glob("*") if self.kind == "domain" else ()
        lockable = self.kind in ("domain", "prepared inputs", "source model")
        return lockable and any(in_use(path) for path in (self.folder, *inner) if path.is_dir())

    def remove(self) -> bool:
        """Remove it unless somebody uses it; whether it is gone."""
        if self.in_use:
            return False
        if self.folder.is_dir() and self.kind in ("domain", "prepared inputs", "source model"):
            return remove_unused(self.folder, self.others)
        for path in (self.folder, *self.others):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return True

    def faults(self) -> list[str]:
        """What is wrong with its files, all of which are read for this."""
        found = [(folder, faults(folder, thorough=True)) for folder in self.checked if folder.is_dir()]
        return [f"{folder / name} {fault}" for folder, each in found for name, fault in each.items()]


def entries(cache: Path) -> list[CacheEntry]:
    """Everything in a cache."""
    found = [*_domains(cache), *_source_models(cache), *_damaged(cache), *_others(cache)]
    return sorted(found, key=lambda entry: (entry.kind, entry.name))


def keep_below(cache: Path, limit: int | None) -> list[CacheEntry]:
    """Remove what was unused for longest until the cache is below a limit in bytes; what was removed."""
    if limit is None:
        return []
    JobFolders(cache).clean_ended()
    found = entries(cache)
    size = sum(entry.size for entry in found)
    removed = []
    for entry in sorted(found, key=lambda one: (one.kind != "damaged", one.last_used)):
        if size <= limit:
            break
        if entry.kind not in _KEPT and (freed := entry.size) and entry.remove():
            size -= freed
            removed.append(entry)
    if removed:
        sys.stderr.write(f"note: cache: {len(removed)} entries that were unused for longest are removed ({LIMIT})\n")
    return removed


def limit_of_environment() -> int | None:
    """The limit that the user has set, in bytes. Raises `TlbenchError` for what is no size."""
    text = os.environ.get(LIMIT)
    return bytes_of(text, f"the environment variable {LIMIT}") if text else None


def _domains(cache: Path) -> Iterator[CacheEntry]:
    for folder in _folders(cache / "domains", 2):
        name = f"{folder.parent.name}/{folder.name[:12]}"
        # Beside the domains of a dataset lies what is prepared once for the splits of all seeds.
        if folder.name == "prepared":
            yield from _prepared(name, folder)
            continue
        labels = cache / "labels" / folder.parent.name / folder.name
        checked = (folder, *derived_folders(folder), *derived_folders(labels))
        yield CacheEntry("domain", name, folder, (labels,), tuple(dict.fromkeys(checked)))
        yield from _prepared(name, folder / "prepared")


def _prepared(name: str, folder: Path) -> Iterator[CacheEntry]:
    for prepared in _folders(folder, 1):
        checked = tuple(derived_folders(prepared))
        yield CacheEntry("prepared inputs", f"{name}/{prepared.name}", prepared, (), checked)


def _source_models(cache: Path) -> Iterator[CacheEntry]:
    for folder in _folders(cache / "source-models", 1):
        yield CacheEntry("source model", folder.name, folder, (), (folder,))


def _damaged(cache: Path) -> Iterator[CacheEntry]:
    for top in ("domains", "labels", "source-models"):
        for path in (cache / top).rglob("*"):
            if is_aside(path) and not any(is_aside(parent) for parent in path.parents):
                yield CacheEntry("damaged", str(path.relative_to(cache)), path)


def _others(cache: Path) -> Iterator[CacheEntry]:
    """Downloads, what is made of them, and jobs: each folder as a whole."""
    own = ("domains", "labels", "source-models", "datasets")
    for folder in _folders(cache, 1):
        if folder.name not in own:
            yield CacheEntry(folder.name, folder.name, folder)


def _folders(top: Path, depth: int) -> Iterable[Path]:
    if not top.is_dir():
        return []
    pattern = "/".join(["*"] * depth)
    inside = (path for path in top.glob(pattern) if path.is_dir() and not path.name.startswith("."))
    return sorted(path for path in inside if not is_aside(path))


def _size(path: Path, inner: Path | None) -> int:
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    files = (file for file in path.rglob("*") if file.is_file())
    return sum(
        file.stat().st_size
        for file in files
        if not (inner and file.is_relative_to(inner)) and not any(is_aside(part) for part in (file, *file.parents))
    )


def without_checksums(entry: CacheEntry) -> bool:
    """Whether an entry is of a version that wrote none; it is made again when it is needed."""
    return any(folder.is_dir() and not (folder / CHECKSUMS).exists() for folder in entry.checked[:1])
