"""Users' own images: `folder:PATH`, decoded and made square once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from tlbench.core.domain import Domain
from tlbench.core.inputs import Inputs
from tlbench.errors import DataError, Faults, unknown
from tlbench_datasets.images.decoding import decode_all, files_example, images, images_from, size_on_disk
from tlbench_datasets.images.files import (
    almost_splits,
    empty_classes,
    files_of,
    find_places,
    other_files,
    stray_images,
)
from tlbench_datasets.images.lists import other_texts, unlisted_files
from tlbench_datasets.images.places import ImageFile, Place, by_suffix
from tlbench_datasets.shared.drawn_dataset import DrawnDataset
from tlbench_datasets.shared.drawn_splits import GroupedSplits, LastMade
from tlbench_datasets.shared.groups import Grouped
from tlbench_datasets.shared.own_data import (
    LICENCE,
    ORIGIN,
    check_names,
    domain_of,
    encode,
    files_fingerprint,
    listed,
    located,
    readable,
)


@dataclass(frozen=True)
class _Decoded:
    """The images that could be read, and those that could not, with a sentence on each."""

    inputs: Inputs
    files: list[ImageFile]
    broken: list[ImageFile]
    faults: list[str]


class Folder(DrawnDataset):
    """Images as `PATH/domain/class/*.jpg`, or as lists `PATH/domain.txt` of `relative/path label`.

    A domain with folders `train`, `val` (if you like) and `test` of classes keeps these splits. Images are stretched
    to a square of RGB, transparency on white, turned as their EXIF data say: uint8 (n, 3, size, size).
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(GroupedSplits):
        """`size`: pixels of a side. `on_error`: whether an image that cannot be read stops everything.

        `group`: a regular expression; what it finds in a file's name, or what its first brackets find, is the person.
        """

        size: int = Field(32, ge=8, le=1024)
        on_error: Literal["fail", "skip"] = "fail"

        @field_validator("group")
        @classmethod
        def _group_is_an_expression(cls, group: str | None) -> str | None:
            try:
                re.compile(group or "")
            except re.error as error:
                raise ValueError(f"{group!r} is no regular expression: {error}; as in '^(patient[0-9]+)_'") from None
            return group

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"folder:{argument}"
        self._root = located("folder", argument)
        super().__init__()
        self._params = params or self.Params.model_validate({})
        self._last: LastMade[_Decoded] = LastMade()

    @cached_property
    def _places(self) -> dict[str, Place]:
        return find_places(self._root)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the folders or lists."""
        return check_names(self._title, self._places)

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """Decode the images of a domain. Raises `Faults` naming those that cannot be read, unless they are skipped."""
        place = self._place(domain)
        read = self._last.get(domain, lambda: self._decoded(domain, place))
        names, labels = encode([file.label for file in read.files])
        splits = [file.split for file in read.files if file.split]
        groups = self._groups(domain, read.files)
        notes = self._notes(place, read.broken, read.faults)
        if splits:
            members = self._given(domain, splits, groups)
        else:
            keys = [file.key for file in read.files]
            members, more = self._drawn(domain, seed, read.inputs, labels, names, keys, groups)
            notes += more
        items = [self._item(file.path) for file in read.files]
        reading = {"size": self._params.size}
        return domain_of(domain, "image", names, read.inputs, labels, members, notes, items, reading)

    def _decoded(self, domain: str, place: Place) -> _Decoded:
        found = files_of(place)
        sources = ((str(file.path), file.path) for file in found)
        inputs, good, faults = decode_all(sources, len(found), self._params.size)
        files = [found[number] for number in good]
        if faults and (self._params.on_error == "fail" or not files):
            hint = 'mend or remove them, or set on_error = "skip" in [data]' if files else "none is left"
            title = f"{self._title}, domain {domain!r}"
            raise Faults(f"{title}: {images(len(faults))} cannot be read; {hint}", listed(faults))
        read = set(good)
        broken = [file for number, file in enumerate(found) if number not in read]
        return _Decoded(inputs, files, broken, faults)

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """Images from their files (a list of paths), made square and RGB as those of the domain were."""
        return images_from(raw, int(reading["size"]))

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> list[str]:
        """The images of a domain."""
        folder = f"{argument}/{domain}" if argument else domain
        return files_example(folder)

    def _item(self, path: Path) -> str:
        """A file by its path below the folder that is named."""
        return readable(str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path))

    def _groups(self, domain: str, files: list[ImageFile]) -> list[str] | None:
        """What the expression finds in the name of each file."""
        if self._params.group is None:
            return None
        found = [re.search(self._params.group, file.key) for file in files]
        if without := [file.key for file, match in zip(files, found, strict=True) if match is None]:
            message = f"group = {self._params.group!r} finds nothing in {len(without)} names, such as {without[0]!r}"
            raise DataError(f"{self._title}, domain {domain!r}: {message}")
        return [(match[1] or match[0]) if match.re.groups else match[0] for match in found if match]

    def _names_splits(self, domain: str) -> bool:
        return any(file.split for file in files_of(self._place(domain)))

    def _grouped(self) -> dict[str, Grouped]:
        found = {}
        for domain in self.domains:
            with suppress(DataError):  # what is wrong with one domain is told when it is loaded
                files = files_of(self._place(domain))
                if not any(file.split for file in files):
                    found[domain] = Grouped([file.label for file in files], self._groups(domain, files) or ())
        return found

    def _place(self, domain: str) -> Place:
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        return self._places[domain]

    def _notes(self, place: Place, broken: Sequence[ImageFile], faults: Sequence[str]) -> list[str]:
        notes = []
        if faults:
            kinds = by_suffix(file.path for file in broken)
            notes.append(f"{images(len(faults))} that cannot be read left out: {kinds}: {'; '.join(listed(faults))}")
        if stray := stray_images(place):
            notes.append(f"{images(stray)} in no folder of a class left out")
        if others := other_files(place):
            notes.append(f"files that are no images left out: {by_suffix(others)}")
        if place.lists and (unlisted := unlisted_files(place, self._listed)):
            notes.append(f"files that are on no list left out: {by_suffix(unlisted)}")
        if place.lists and (texts := other_texts(place.root)):
            notes.append(f"text files that are no lists of images left out: {', '.join(path.name for path in texts)}")
        if empty := empty_classes(place):
            notes.append(f"folders without images are no classes: {', '.join(map(repr, empty))}")
        return [*notes, *almost_splits(place)]

    @cached_property
    def _listed(self) -> set[Path]:
        """The images of all lists."""
        found: set[Path] = set()
        for place in self._places.values():
            with suppress(DataError):  # what is wrong with another domain is told when that is loaded
                found |= {file.path for file in files_of(place)}
        return found

    def fingerprint(self) -> str:
        """Names, sizes and times of change of all images and lists."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        paths = [path for place in self._places.values() for path, _ in place.lists]
        for place in self._places.values():
            with suppress(DataError):  # what is wrong with one domain is told when it is loaded
                paths += [file.path for file in files_of(place)]
        return files_fingerprint(paths)

    def about(self, domain: str) -> list[str]:
        """The sizes that images have on disk."""
        sizes = sorted({size for file in files_of(self._place(domain)) if (size := size_on_disk(file.path))})
        if not sizes:
            return []
        (width, height), (widest, highest) = sizes[0], sizes[-1]
        if len(sizes) == 1:
            return [f"images of {width}x{height} pixels"]
        return [f"images from {width}x{height} to {widest}x{highest} pixels, {len(sizes)} sizes"]
