"""Users' own images: `folder:PATH`, decoded and made square once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import Field

from tlbench.domain import Dataset, Domain
from tlbench.errors import DataError, Faults, unknown
from tlbench_datasets.image_files import ImageFile, Place, empty_classes, files_of, find_places, stray_images
from tlbench_datasets.own_data import (
    LICENCE,
    ORIGIN,
    SplitParams,
    check_names,
    deal,
    domain_of,
    encode,
    files_fingerprint,
    given_splits,
    listed,
    located,
    readable,
)


class Folder(Dataset):
    """Images as `PATH/domain/class/*.jpg`, or as lists `PATH/domain.txt` of `relative/path label`.

    A domain with folders `train`, `val` (if you like) and `test` of classes keeps these splits. Images are stretched
    to a square of RGB, transparency on white, turned as their EXIF data say: uint8 (n, 3, size, size).
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(SplitParams):
        """`size`: pixels of a side. `on_error`: whether an image that cannot be read stops everything."""

        size: int = Field(32, ge=8, le=1024)
        on_error: Literal["fail", "skip"] = "fail"

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"folder:{argument}"
        self._root = located("folder", argument)
        self._params = params or self.Params.model_validate({})

    @cached_property
    def _places(self) -> dict[str, Place]:
        return find_places(self._root)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the folders or lists."""
        return check_names(self._title, self._places)

    def load(self, domain: str) -> Domain:
        """Decode the images of a domain. Raises `Faults` naming those that cannot be read, unless they are skipped."""
        place = self._place(domain)
        title = f"{self._title}, domain {domain!r}"
        inputs, files, faults = self._decoded(files_of(place))
        if faults and (self._params.on_error == "fail" or not files):
            hint = 'mend or remove them, or set on_error = "skip" in [data]' if files else "none is left"
            raise Faults(f"{title}: {_images(len(faults))} cannot be read; {hint}", listed(faults))
        names, labels = encode([file.label for file in files])
        splits = [file.split for file in files if file.split]
        keys = [file.key for file in files]
        members = given_splits(title, splits) if splits else deal(title, inputs, labels, names, keys, self._params)
        return domain_of(domain, "image", names, inputs, labels, members, self._notes(place, faults))

    def _place(self, domain: str) -> Place:
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        return self._places[domain]

    def _decoded(self, files: Sequence[ImageFile]) -> tuple[NDArray[np.uint8], list[ImageFile], list[str]]:
        """Inputs and files of what can be read, and a fault for each of the others."""
        inputs = np.empty((len(files), 3, self._params.size, self._params.size), dtype=np.uint8)
        good: list[ImageFile] = []
        faults: list[str] = []
        for file in files:
            try:
                inputs[len(good)] = decode(file.path, self._params.size)
            except Exception as error:  # decoders of broken files raise whatever they like
                faults.append(readable(f"{file.path}: {_reason(error)}"))
            else:
                good.append(file)
        return inputs[: len(good)], good, faults

    def _notes(self, place: Place, faults: list[str]) -> list[str]:
        notes = []
        if faults:
            notes.append(f"{_images(len(faults))} that cannot be read left out: {'; '.join(listed(faults))}")
        if stray := stray_images(place):
            notes.append(f"{_images(stray)} in no folder of a class left out")
        if empty := empty_classes(place):
            notes.append(f"folders without images are no classes: {', '.join(map(repr, empty))}")
        return notes

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
        sizes = sorted({size for file in files_of(self._place(domain)) if (size := _size(file.path))})
        if not sizes:
            return []
        (width, height), (widest, highest) = sizes[0], sizes[-1]
        if len(sizes) == 1:
            return [f"images of {width}x{height} pixels"]
        return [f"images from {width}x{height} to {widest}x{highest} pixels, {len(sizes)} sizes"]


def decode(path: Path, size: int) -> NDArray[np.uint8]:
    """An image as uint8 (3, size, size). Raises what the decoder raises."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):  # 16 bits, which a plain conversion would cut off at 255
            image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1)


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return "is no image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__


def _size(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as image:
            return image.size
    except Exception:  # as in `_decoded`; `load` names it
        return None
